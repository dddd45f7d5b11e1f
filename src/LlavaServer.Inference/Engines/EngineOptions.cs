using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Inference.Engines;

/// <summary>How models are loaded (section <c>Llava:Engine</c>).</summary>
public sealed class EngineOptions
{
    public const string InServer = "in";
    public const string InChild = "child";

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
