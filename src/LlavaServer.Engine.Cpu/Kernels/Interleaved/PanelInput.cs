namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>Pointers into <see cref="QuantizedRows"/>, copied once for a product.</summary>
internal readonly unsafe struct PanelInput(QuantizedRows rows, int width)
{
    private readonly sbyte* _bytes = rows.Bytes;
    private readonly short* _shorts = rows.Shorts;
    private readonly float* _scales = rows.Scales;
    private readonly int* _blockSums = rows.BlockSums;
    private readonly int* _groupSums = rows.GroupSums;
    private readonly float* _scaledSums = rows.ScaledSums;
    private readonly long _stride = rows.Stride;

    public int Width => width;

    public sbyte* Bytes(int column) => _bytes + (column * _stride);

    public short* Shorts(int column) => _shorts + (column * _stride);

    public float* Scales(int column) => _scales + (column * _stride / 32);

    public float* ScaledSums(int column) => _scaledSums + (column * _stride / 16);

    public int* BlockSums(int column) => _blockSums + (column * _stride / 32);

    public int* GroupSums(int column) => _groupSums + (column * _stride / 16);
}
