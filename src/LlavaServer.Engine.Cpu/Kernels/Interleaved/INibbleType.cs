namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>What tells the block types of 32 with nibbles apart; the JIT folds it into one kernel per type.</summary>
internal interface INibbleType
{
    static abstract bool HasMinimum { get; }

    static abstract bool HasFifthBits { get; }

    /// <summary>What is taken off every number.</summary>
    static abstract int Offset { get; }
}
