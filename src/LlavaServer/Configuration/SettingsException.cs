namespace LlavaServer.Configuration;

/// <summary>Settings that cannot be used; all of them, so that one start shows everything that is wrong.</summary>
internal sealed class SettingsException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems => problems;
}
