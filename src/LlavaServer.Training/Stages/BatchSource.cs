using System.Threading.Channels;
using LlavaServer.Training.Dataset;
using LlavaServer.Training.Network;

namespace LlavaServer.Training.Stages;

/// <summary>Draws examples on its own thread and hands out batches of similar length; ends with <see cref="Dispose"/>.</summary>
public sealed class BatchSource : IDisposable
{
    private const int Pool = 8;
    private readonly Channel<Batch> _ready = Channel.CreateBounded<Batch>(12);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _producer;

    public BatchSource(Func<Random, Example> draw, LlavaShape shape, int batchSize, int seed) =>
        _producer = Task.Factory.StartNew(() => Produce(draw, shape, batchSize, new Random(seed)), TaskCreationOptions.LongRunning);

    /// <summary>The next batch; blocks until one is ready and throws what the producer threw.</summary>
    public Batch Next() => _ready.Reader.ReadAsync().AsTask().GetAwaiter().GetResult();

    public void Dispose()
    {
        _stop.Cancel();
        _producer.Wait();
        _stop.Dispose();
    }

    private void Produce(Func<Random, Example> draw, LlavaShape shape, int batchSize, Random random)
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                var examples = Enumerable.Range(0, batchSize * Pool).Select(_ => draw(random)).OrderBy(e => e.Tokens.Length).ToList();
                foreach (var start in Enumerable.Range(0, Pool).OrderBy(_ => random.Next()))
                {
                    _ready.Writer.WriteAsync(new Batch(examples.GetRange(start * batchSize, batchSize), shape), _stop.Token).AsTask().GetAwaiter().GetResult();
                }
            }
        }
        catch (OperationCanceledException)
        {
            _ready.Writer.TryComplete();
        }
#pragma warning disable CA1031 // Whatever went wrong here must surface in the training thread.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _ready.Writer.TryComplete(error);
        }
    }
}
