namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>
/// A quantized block type, unpacked to whole numbers with a factor and an addend for every 16 of them:
/// <c>y[i] = factors[i / 16] * q[i] + addends[i / 16]</c>.
/// </summary>
internal unsafe interface IBlockFormat
{
    /// <summary>Elements of a block: 32 or 256.</summary>
    static abstract int Elements { get; }

    static abstract int Bytes { get; }

    /// <summary>Whether addends can differ from zero; when false, <see cref="Unpack"/> leaves them alone.</summary>
    static abstract bool HasAddends { get; }

    /// <param name="block">One block of the file.</param>
    /// <param name="q">Shape (Elements).</param>
    /// <param name="factors">Shape (Elements / 16).</param>
    /// <param name="addends">Shape (Elements / 16).</param>
    static abstract void Unpack(byte* block, short* q, float* factors, float* addends);
}
