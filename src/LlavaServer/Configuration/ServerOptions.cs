namespace LlavaServer.Configuration;

/// <summary>Where the server listens, section <c>Llava</c>.</summary>
internal sealed class ServerOptions
{
    public const string Section = "Llava";

    /// <summary>Address in any spelling of <see cref="ServerAddress"/>. Default <c>http://127.0.0.1:11434</c>, as Ollama.</summary>
    public string Host { get; set; } = "http://127.0.0.1:11434";

    /// <summary><see cref="Host"/>, parsed; the default address while that is invalid, which validation reports.</summary>
    public ServerAddress Address => ServerAddress.TryParse(Host, out var address) ? address : new ServerAddress("http", "127.0.0.1", ServerAddress.DefaultPort);
}
