namespace LlavaServer.Models.Gguf;

/// <summary>Directory entry of a tensor. <paramref name="Offset"/> counts from the start of the data section.</summary>
internal sealed record GgufTensorInfo(string Name, TensorType Type, long[] Shape, long ElementCount, long ByteCount, long Offset);
