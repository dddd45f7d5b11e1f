using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Tests.Fakes;

/// <summary>Real engines that die when a test says so: a dead one refuses every call, as one whose process was killed.</summary>
internal sealed class MortalEngineFactory(IInferenceEngineFactory inner) : IInferenceEngineFactory
{
    private int _loads;

    /// <summary>Called before each step on the scheduler thread; true kills the engine.</summary>
    public Func<Batch, bool> DiesNow { get; set; } = _ => false;

    public int Loads => _loads;

    /// <summary>Batches refused for want of memory.</summary>
    public int NoSpaces { get; private set; }

    public IInferenceEngine Load(ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _loads);
        return new MortalEngine(this, inner.Load(files, options, progress, cancellationToken));
    }

    public long EstimateMemory(ModelFiles files, EngineLoadOptions options) => inner.EstimateMemory(files, options);

    private sealed class MortalEngine(MortalEngineFactory owner, IInferenceEngine inner) : IInferenceEngine
    {
        private bool _isDead;

        public EngineInfo Info => inner.Info;

        public IVisionEncoder? Vision => inner.Vision;

        public DecodeStatus Decode(Batch batch)
        {
            _isDead |= owner.DiesNow(batch);
            var status = Alive().Decode(batch);
            owner.NoSpaces += status == DecodeStatus.NoSpace ? 1 : 0;
            return status;
        }

        public ReadOnlySpan<float> Logits(int row) => Alive().Logits(row);

        public ReadOnlySpan<float> Embedding(int row) => Alive().Embedding(row);

        public void RemoveSequence(SequenceId id, int from) => Alive().RemoveSequence(id, from);

        public void CopySequence(SequenceId source, SequenceId target, int length) => Alive().CopySequence(source, target, length);

        public void Dispose() => inner.Dispose();

        private IInferenceEngine Alive() =>
            _isDead ? throw new InferenceException(InferenceError.EngineFailed, "killed") { EngineDied = true } : inner;
    }
}
