using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Images;

/// <summary>What an encoded picture depends on: the model's files, how pictures are prepared, and the picture's content.</summary>
internal readonly record struct ImageEmbeddingKey(string ModelDigest, VisionProfile Profile, ContentHash Content);
