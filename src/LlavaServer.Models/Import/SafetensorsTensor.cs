using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Import;

/// <summary>One tensor of a safetensors file. The shape is outermost first, as PyTorch prints it; <paramref name="Offset"/> counts from the file's start.</summary>
internal sealed record SafetensorsTensor(string Name, TensorType Type, long[] Shape, long Offset, long ByteCount, SafetensorsFile File)
{
    public long ElementCount => ByteCount / TensorTypes.BlockBytes(Type);

    public int ElementBytes => TensorTypes.BlockBytes(Type);
}
