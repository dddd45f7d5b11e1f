using LlavaServer.Models.Store;

namespace LlavaServer.Models.Creation;

/// <summary>A file that was uploaded to become part of a model. Immutable.</summary>
/// <param name="Name">What its owner calls it; it tells kinds and parts apart, and is never a path here.</param>
/// <param name="Digest">The blob that it is.</param>
public sealed record CreationFile(string Name, Digest Digest);
