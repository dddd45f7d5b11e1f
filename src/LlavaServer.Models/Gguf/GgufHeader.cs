namespace LlavaServer.Models.Gguf;

/// <summary>Everything of one file but the tensor data. Offsets count from the start of the file and lie inside it.</summary>
internal sealed record GgufHeader(uint Version, uint Alignment, GgufMetadata Metadata, IReadOnlyList<GgufTensorInfo> Tensors, long DataOffset);
