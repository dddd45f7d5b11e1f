namespace LlavaServer.Cli.Eval.Asking;

/// <summary>How a server is asked. Defaults are those of LLaVA's evaluation scripts where those have them.</summary>
internal sealed record AskOptions
{
    /// <summary>The base address, with or without <c>/v1</c>.</summary>
    public required Uri Server { get; init; }

    public string? Key { get; init; }

    public required string Model { get; init; }

    public double Temperature { get; init; }

    public required int MaxTokens { get; init; }

    /// <summary>Attempts after the first one.</summary>
    public int Retries { get; init; } = 6;

    /// <summary>For one attempt.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);
}
