using System.Reflection;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>How an engine process is started. Immutable.</summary>
/// <param name="FileName">The executable.</param>
/// <param name="Arguments">Its arguments; <c>--socket</c> and the path of the socket are added.</param>
public sealed record EngineCommand(string FileName, IReadOnlyList<string> Arguments)
{
    /// <summary>This program again, with other arguments.</summary>
    public static EngineCommand ThisProgram(params IReadOnlyList<string> arguments)
    {
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program is not known.");
        return Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
            ? new EngineCommand(program, [Assembly.GetEntryAssembly()!.Location, .. arguments])
            : new EngineCommand(program, arguments);
    }
}
