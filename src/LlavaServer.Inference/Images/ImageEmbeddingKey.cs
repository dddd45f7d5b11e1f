using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Images;

/// <summary>What an encoded picture depends on: the model's files, how pictures are prepared, the picture's content, and who may share it.</summary>
internal readonly record struct ImageEmbeddingKey(string ModelDigest, VisionProfile Profile, ContentHash Content, string Scope);
