using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Quantization;

/// <summary>What is known of a tensor before its storage type is chosen. The shape is innermost first.</summary>
public sealed record TensorPlan(string Name, long[] Shape, TensorType Type);
