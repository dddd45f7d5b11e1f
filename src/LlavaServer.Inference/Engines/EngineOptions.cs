using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Inference.Engines;

/// <summary>How models are loaded (section <c>Llava:Engine</c>).</summary>
public sealed class EngineOptions
{
    public const string InServer = "in";
    public const string InChild = "child";
    public const string AnyKind = "auto";
    public const string CpuKind = "cpu";
    public const string LLamaSharpKind = "llamasharp";
    public const string HalfCache = "f16";

    /// <summary>
    /// Which engine computes: <c>cpu</c>, the managed one; <c>llamasharp</c>, llama.cpp, each model in a process of its own; <c>auto</c>, the default,
    /// takes llama.cpp where it was built in and finds a graphics card.
    /// </summary>
    [AllowedValues(AnyKind, CpuKind, LLamaSharpKind)]
    public string Kind { get; set; } = AnyKind;

    /// <summary>Layers on the graphics card, the output counted as one; <c>auto</c>, the default, takes as many as fit. For llama.cpp.</summary>
    [RegularExpression("auto|[0-9]{1,4}")]
    public string GpuLayers { get; set; } = AnyKind;

    /// <summary>The graphics card that a model is loaded to when it fits on one, counted from 0. For llama.cpp.</summary>
    [Range(0, 63)]
    public int MainGpu { get; set; }

    /// <summary>Attention tile by tile without storing its scores: <c>auto</c> (default), <c>on</c>, <c>off</c>. For llama.cpp.</summary>
    [AllowedValues(AnyKind, "on", "off")]
    public string FlashAttention { get; set; } = AnyKind;

    /// <summary>
    /// Type of keys and values: <c>f16</c> (default), and for llama.cpp <c>f32</c>, <c>bf16</c>, <c>q8_0</c>, <c>q4_0</c>: less memory, less exact.
    /// </summary>
    [AllowedValues("f32", HalfCache, "bf16", "q8_0", "q4_0")]
    public string KVCacheType { get; set; } = HalfCache;

    /// <summary>Sequences decoded together, per model; memory grows with slots times context. Default 4 (llama-server's).</summary>
    [Range(1, 256)]
    public int Slots { get; set; } = 4;

    /// <summary>Positions per slot; 0, the default, takes the smaller of the trained context length and 4096.</summary>
    [Range(0, 1 << 20)]
    public int ContextLength { get; set; }

    /// <summary>
    /// Positions whose keys and values the sequences of one model hold together, running and kept ones; a beginning that several share counts once.
    /// At least one context. 0, the default, takes slots times context: then running sequences never wait for memory.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int KVPositions { get; set; }

    /// <summary>Threads of the step; 0, the default, takes the number of cores.</summary>
    [Range(0, 1024)]
    public int Threads { get; set; }

    /// <summary>Rows of one step at most: the token budget. Default 512 (llama.cpp's <c>n_ubatch</c>).</summary>
    [Range(1, 8192)]
    public int StepRows { get; set; } = 512;

    /// <summary>
    /// How long prompt rows, or a picture or a model beside the step, may hold up a step while other sequences are being answered: each at most, and not
    /// more than what a step of answers alone takes. Default 150 ms, at which a stream still reads smoothly.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan StepTime { get; set; } = TimeSpan.FromMilliseconds(150);

    /// <summary>
    /// An engine that was given work and made no step for so long hangs, and one that takes five times as long for a picture: a process of its own is ended
    /// and started again, and its streams go on; inside the server only the liveness probe can tell. Default 2 minutes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan StepTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Where the engine runs: <c>in</c>, the default, inside the server; <c>child</c>, each model in a process of its own, so that an engine that dies
    /// takes nothing with it.
    /// </summary>
    [AllowedValues(InServer, InChild)]
    public string Process { get; set; } = InServer;

    /// <summary>
    /// Models whose engine runs elsewhere than <see cref="Process"/> says: <c>name=child</c> or <c>name=in</c>, separated by commas. Default none.
    /// </summary>
    [StringLength(4096)]
    public string? Processes { get; set; }

    /// <summary>Whose behaviour the vision side reproduces: <c>ref</c> (default), <c>llamacpp-l28</c>, <c>llamacpp-h</c>, <c>llamacpp-d</c>.</summary>
    [Required]
    public string VisionProfile { get; set; } = VisionProfileName.Reference;
}
