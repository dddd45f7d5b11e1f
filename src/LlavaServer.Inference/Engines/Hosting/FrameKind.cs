namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>What a frame between server and engine process says. The numbers are the protocol: never reused.</summary>
internal enum FrameKind : ushort
{
    /// <summary>Child: who speaks, on which channel. JSON <see cref="HelloMessage"/>.</summary>
    Hello = 1,

    /// <summary>Server: the hello is accepted.</summary>
    Welcome = 2,

    /// <summary>Server: load a model. JSON <see cref="LoadMessage"/>.</summary>
    Load = 3,

    /// <summary>Child: how much is loaded, a float from 0 to 1.</summary>
    Progress = 4,

    /// <summary>Child: the model is loaded. JSON <see cref="EngineInfo"/>.</summary>
    Loaded = 5,

    /// <summary>Child: loading, a step or a picture failed. JSON <see cref="FailureMessage"/>.</summary>
    Failed = 6,

    /// <summary>Child: the step breaks the rules of batches; nothing was changed. UTF-8 text.</summary>
    Refused = 7,

    /// <summary>Server: here is a new shared block for logits, embeddings or image rows (see <see cref="MapFrame"/>).</summary>
    Map = 8,

    /// <summary>Child: the block is mapped, its file may go.</summary>
    Mapped = 9,

    /// <summary>Server: changes of sequences and rows to compute (see <see cref="StepFrame"/>).</summary>
    Step = 10,

    /// <summary>Child: the step is done; a <see cref="DecodeStatus"/> and the numbers of rows of logits and of embeddings in the shared blocks.</summary>
    Stepped = 11,

    /// <summary>Server: encode the picture in this shared block (see <see cref="EncodeFrame"/>).</summary>
    Encode = 12,

    /// <summary>Child: the block now starts with the picture's rows; their number.</summary>
    Encoded = 13,

    /// <summary>Server: the picture of this serial number is no longer needed.</summary>
    Cancel = 14,

    /// <summary>Child: so it was not finished.</summary>
    Cancelled = 15,

    /// <summary>Server: are you alive?</summary>
    Ping = 16,

    /// <summary>Child: yes.</summary>
    Pong = 17,

    /// <summary>Server: long work pauses from now on.</summary>
    Hold = 18,

    /// <summary>Child: it does.</summary>
    Held = 19,

    /// <summary>Server: long work goes on.</summary>
    Release = 20,
}
