using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Inference;

/// <summary>Limits of one request that hold whatever the dialect (section <c>Llava:Limits</c>; the host reads its own limits there too).</summary>
public sealed class LimitOptions
{
    /// <summary>Pictures of one request. Default 16.</summary>
    [Range(1, 4096)]
    public int Images { get; set; } = 16;

    /// <summary>Bytes of one picture file. Default 20 MiB.</summary>
    [Range(1L, 1L << 30)]
    public long ImageBytes { get; set; } = 20L << 20;

    /// <summary>Width times height of one picture. Default 50 million: a phone's largest photograph.</summary>
    [Range(1L, 1L << 28)]
    public long ImagePixels { get; set; } = 50_000_000;

    /// <summary>Longer side of one picture in pixels. Default 16384.</summary>
    [Range(1, 65535)]
    public int ImageSide { get; set; } = 16384;

    /// <summary>Answers to one prompt in one request. Default 4: as many as there are slots.</summary>
    [Range(1, 128)]
    public int Choices { get; set; } = 4;

    /// <summary>Prompts of one text completion; each is an answer of its own. Default 16.</summary>
    [Range(1, 1024)]
    public int Prompts { get; set; } = 16;

    /// <summary>Steps that a model's chat template may take to write one prompt. Default one million.</summary>
    [Range(1000, 1_000_000_000)]
    public int TemplateSteps { get; set; } = 1_000_000;

    /// <summary>Bytes that a model's chat template may write besides what the messages hold. Default 1 MiB.</summary>
    [Range(1024L, 1L << 30)]
    public long TemplateBytes { get; set; } = 1 << 20;

    /// <summary>Bytes of a text that is tokenized without being answered. Default 4 MiB.</summary>
    [Range(1024L, 1L << 30)]
    public long TokenizeBytes { get; set; } = 4 << 20;

    /// <summary>Time of one answer from the start of prefill; then it ends with finish reason length. Default 30 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "7.00:00:00")]
    public TimeSpan RequestTime { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Nesting of a JSON Schema or of groups in a grammar. Default 64.</summary>
    [Range(1, 256)]
    public int SchemaDepth { get; set; } = 64;

    /// <summary>Parts of a JSON Schema, references counted where they are used. Default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int SchemaNodes { get; set; } = 10_000;

    /// <summary>Bytes of a grammar or schema. Default 256 KiB.</summary>
    [Range(1, 1 << 26)]
    public int GrammarBytes { get; set; } = 256 << 10;

    /// <summary>Time to compile a grammar or schema. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan GrammarTime { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Calls of tools in one answer. Default 16.</summary>
    [Range(1, 128)]
    public int ToolCalls { get; set; } = 16;
}
