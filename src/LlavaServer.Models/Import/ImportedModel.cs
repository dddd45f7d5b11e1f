using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Import;

/// <summary>
/// A checkpoint that was understood and checked: the GGUF files that it becomes, whose data is read from it while they are written. Owned by one caller, who
/// writes them one after the other and then disposes it.
/// </summary>
internal sealed class ImportedModel(CheckpointTensors checkpoint, GgufWriter language, GgufWriter? vision) : IDisposable
{
    /// <summary>The language model, or what an adapter adds to it.</summary>
    public GgufWriter Language => language;

    /// <summary>Tower and projector; null for a model without.</summary>
    public GgufWriter? Vision => vision;

    /// <summary>Bytes of all weights of the checkpoint; some, as a tower's last blocks, may not be needed.</summary>
    public long SourceBytes => checkpoint.All.Sum(static tensor => tensor.ByteCount);

    /// <summary>The type that most of the checkpoint's bytes have.</summary>
    public TensorType SourceType => checkpoint.All.GroupBy(static tensor => tensor.Type).MaxBy(static type => type.Sum(static tensor => tensor.ByteCount))?.Key ?? TensorType.F32;

    public void Dispose() => checkpoint.Dispose();
}
