using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Engine.Cpu.Language;

/// <summary>
/// The forward pass of a llama-family model over a batch of rows of several sequences. Owned by the engine and called on the scheduler thread; its
/// workers take part in every operation.
/// </summary>
internal sealed unsafe class LlamaModel : IDisposable
{
    /// <summary>Matrices that are multiplied with the same activations: queries, keys and values.</summary>
    public const int MostProducts = 3;

    // Below this many bytes of weights a second thread costs more than it gives.
    private const long BytesPerPart = 32 * 1024;
    private const int PartsPerThread = 8;

    // A part of 512 rows of a wide layer takes milliseconds, longer than a step of another model should wait.
    private const int PacedPartsPerThread = 64;
    private const int AttentionRows = 8;

    private readonly LlamaConfig _config;
    private readonly LlamaWeights _weights;
    private readonly KVCache _cache;
    private readonly WorkerPool _workers;
    private readonly Workspace _space;
    private readonly RopeAngles _angles;
    private readonly int[] _sequences;
    private readonly int[] _positions;
    private readonly int[] _wanted;
    private readonly int[] _logitRows;
    private readonly int[] _embeddingRows;
    private readonly int[] _tileStarts;
    private int _rows;
    private int _tileCount;
    private int _embeddingCount;

    public LlamaModel(LlamaConfig config, LlamaWeights weights, KVCache cache, WorkerPool workers, int maxRows)
    {
        _config = config;
        _weights = weights;
        _cache = cache;
        _workers = workers;
        _space = new Workspace(config, weights.Forms, maxRows, cache.ContextLength, cache.ValueStride, workers.ThreadCount, weights.UpdateRank);
        _angles = new RopeAngles(config, weights.RopeFactors);
        _sequences = new int[maxRows];
        _positions = new int[maxRows];
        _wanted = new int[maxRows];
        _logitRows = new int[maxRows];
        _embeddingRows = new int[maxRows];
        _tileStarts = new int[maxRows + 1];
    }

    public long MemoryBytes => _space.MemoryBytes;

    /// <summary>Logits of a row of the last batch, shape (VocabularySize), or empty when it did not want them.</summary>
    public ReadOnlySpan<float> Logits(int row) => (uint)row < (uint)_rows && _logitRows[row] >= 0
        ? new ReadOnlySpan<float>(_space.Logits + ((long)_logitRows[row] * _space.LogitStride), _config.VocabularySize)
        : default;

    /// <summary>Hidden state behind the output norm of a row of the last batch, shape (EmbeddingWidth), or empty when it did not want it.</summary>
    public ReadOnlySpan<float> Embedding(int row) => (uint)row < (uint)_rows && _embeddingRows[row] >= 0
        ? new ReadOnlySpan<float>(_space.Embeddings + ((long)_embeddingRows[row] * _space.EmbeddingStride), _config.EmbeddingWidth)
        : default;

    /// <summary>
    /// Computes a checked batch: 1 embed; per layer 2 norm, 3 queries, keys and values, 4 rotate and store, 5 attend, 6 project and add, 7 norm,
    /// 8 gate and up, 9 down and add; 10 norm of the rows that want embeddings, 11 norm and logits of the rows that want them. The last layer drops the
    /// other rows after 5.
    /// </summary>
    public void Forward(ReadOnlySpan<BatchRow> batch)
    {
        int wanted = Begin(batch); // 1
        int rows = batch.Length;
        _workers.Run(new AnglesJob(this), rows);
        for (int i = 0; i < _config.LayerCount; i++)
        {
            LlamaLayer layer = _weights.Layers[i];
            PrepareRows(_space.Hidden, _space.EmbeddingStride, layer.AttentionNorm, _config.EmbeddingWidth, rows, layer.Query, layer.Key, layer.Value); // 2
            RunProducts( // 3
                new ProductsJob(
                    this,
                    rows,
                    new Product(layer.Query, _space.Queries, _space.QueryStride, layer.QueryBias, 0),
                    new Product(layer.Key, _space.Keys, _space.KVStride, layer.KeyBias, 1),
                    new Product(layer.Value, _space.Values, _space.KVStride, layer.ValueBias, 2)));
            _workers.Run(new RotateJob(this, i), rows); // 4
            _workers.Run(new AttentionJob(this, i), _tileCount * _config.KVHeadCount); // 5
            if (i == _config.LayerCount - 1)
            {
                rows = KeepWantedRows(wanted);
            }

            if (rows == 0)
            {
                break;
            }

            PrepareRows(_space.Mixed, _space.QueryStride, null, _config.QueryWidth, rows, layer.Output);
            RunProducts(new ProductsJob(this, rows, new Product(layer.Output, _space.Product, _space.EmbeddingStride, layer.OutputBias, 0), addsToHidden: true)); // 6
            PrepareRows(_space.Hidden, _space.EmbeddingStride, layer.FeedForwardNorm, _config.EmbeddingWidth, rows, layer.Gate, layer.Up); // 7
            RunGated(layer, rows); // 8
            PrepareRows(_space.Gate, _space.FeedForwardStride, null, _config.FeedForwardWidth, rows, layer.Down);
            RunProducts(new ProductsJob(this, rows, new Product(layer.Down, _space.Product, _space.EmbeddingStride, layer.DownBias, 0), addsToHidden: true)); // 9
        }

        if (_embeddingCount > 0)
        {
            _workers.Run(new EmbedJob(this), rows); // 10
            rows = KeepLogitRows(rows);
        }

        if (rows > 0)
        {
            PrepareRows(_space.Hidden, _space.EmbeddingStride, _weights.OutputNorm, _config.EmbeddingWidth, rows, _weights.Output);
            RunProducts(new ProductsJob(this, rows, new Product(_weights.Output, _space.Logits, _space.LogitStride, _weights.OutputBias, 0))); // 11
        }
    }

    public void Dispose() => _space.Dispose();

    /// <summary>Takes over the batch: sequences, positions, inputs, tiles of rows that attend together. Returns the number of rows that want something.</summary>
    private int Begin(ReadOnlySpan<BatchRow> batch)
    {
        _rows = batch.Length;
        _tileCount = 0;
        int wanted = 0;
        int logits = 0;
        int embeddings = 0;
        for (int row = 0; row < batch.Length; row++)
        {
            BatchRow item = batch[row];
            _sequences[row] = item.Sequence.Value;
            _positions[row] = item.Position;
            _logitRows[row] = item.WantsLogits ? logits++ : -1;
            _embeddingRows[row] = item.WantsEmbedding ? embeddings++ : -1;
            if (item.WantsLogits || item.WantsEmbedding)
            {
                _wanted[wanted++] = row;
            }

            var hidden = new Span<float>(_space.Hidden + ((long)row * _space.EmbeddingStride), _config.EmbeddingWidth);
            if (item.Image is { } image)
            {
                image.Row(item.ImageRow).CopyTo(hidden);
            }
            else
            {
                nint address = _weights.TokenEmbedding.Address + (nint)(item.TokenId * _weights.EmbeddingRowBytes);
                Dequantizer.ToFloat(_weights.TokenEmbedding.Type, address, hidden);
                if (_weights.TokenUpdate is { } update)
                {
                    update.AddTo(_space.Hidden + ((long)row * _space.EmbeddingStride), update.Down + ((long)item.TokenId * update.Rank), 0, _config.EmbeddingWidth);
                }
            }

            bool continues = row > 0 && _sequences[row - 1] == _sequences[row] && _positions[row - 1] + 1 == _positions[row];
            if (!continues || row - _tileStarts[_tileCount - 1] == AttentionRows)
            {
                _tileStarts[_tileCount++] = row;
            }

            _tileStarts[_tileCount] = row + 1;
        }

        _embeddingCount = embeddings;
        _space.ReserveLogits(logits);
        _space.ReserveEmbeddings(embeddings);
        return wanted;
    }

    /// <summary>Moves the rows that want something to the front: nothing reads the others any more.</summary>
    private int KeepWantedRows(int wanted)
    {
        for (int i = 0; i < wanted; i++)
        {
            long row = _wanted[i];
            if (row != i)
            {
                new Span<float>(_space.Hidden + (row * _space.EmbeddingStride), _space.EmbeddingStride)
                    .CopyTo(new Span<float>(_space.Hidden + ((long)i * _space.EmbeddingStride), _space.EmbeddingStride));
                new Span<float>(_space.Mixed + (row * _space.QueryStride), _space.QueryStride)
                    .CopyTo(new Span<float>(_space.Mixed + ((long)i * _space.QueryStride), _space.QueryStride));
            }
        }

        return wanted;
    }

    /// <summary>Of the kept rows, moves those that want logits to the front; returns their number.</summary>
    private int KeepLogitRows(int rows)
    {
        int kept = 0;
        for (int i = 0; i < rows; i++)
        {
            if (_logitRows[_wanted[i]] < 0)
            {
                continue;
            }

            if (kept != i)
            {
                new Span<float>(_space.Hidden + ((long)i * _space.EmbeddingStride), _space.EmbeddingStride)
                    .CopyTo(new Span<float>(_space.Hidden + ((long)kept * _space.EmbeddingStride), _space.EmbeddingStride));
            }

            kept++;
        }

        return kept;
    }

    /// <summary>Normalises rows, where a norm is given, and converts them for the products that follow, also for what adapters add to those.</summary>
    private void PrepareRows(float* source, int stride, float* norm, int width, int rows, WeightRows first, WeightRows? second = null, WeightRows? third = null)
    {
        float* input = norm == null ? source : _space.Normed;
        int inputStride = norm == null ? stride : _space.EmbeddingStride;
        _space.Activations.SetSource(input, inputStride);
        _workers.Run(new PrepareJob(this, source, stride, norm, width, first.Form | (second?.Form ?? 0) | (third?.Form ?? 0)), rows);
        if ((first.Update ?? second?.Update ?? third?.Update) is not null)
        {
            _workers.Run(new ProjectJob(_space, input, inputStride, first.Update, second?.Update, third?.Update), rows * MostProducts);
        }
    }

    private void RunProducts(in ProductsJob job)
    {
        int parts = Parts(job.Bytes, job.PanelCount, job.Rows);
        _workers.Run(job.WithParts(parts), parts);
    }

    private void RunGated(LlamaLayer layer, int rows)
    {
        long bytes = layer.Gate.RowBytes * layer.Gate.Rows * 2;
        int parts = Parts(bytes, layer.Gate.PanelCount, rows);
        _workers.Run(new GatedJob(this, layer, rows, parts), parts);
    }

    private int Parts(long bytes, int panels, int rows)
    {
        long useful = Math.Max(1, bytes * Math.Max(1, rows / 2) / BytesPerPart);
        int perThread = _workers.IsPaced ? PacedPartsPerThread : PartsPerThread;
        return (int)Math.Min(Math.Min(useful, panels), _workers.ThreadCount * perThread);
    }

    private readonly struct AnglesJob(LlamaModel model) : IWorkerJob
    {
        public void Execute(int part, int worker) =>
            model._angles.Fill(
                model._positions[part],
                model._space.Cosines + ((long)part * model._space.AngleStride),
                model._space.Sines + ((long)part * model._space.AngleStride));
    }

    /// <summary>Of a kept row that wants its embedding: the hidden state behind the output norm.</summary>
    private readonly struct EmbedJob(LlamaModel model) : IWorkerJob
    {
        public void Execute(int part, int worker)
        {
            Workspace space = model._space;
            int row = model._embeddingRows[model._wanted[part]];
            if (row >= 0)
            {
                float* target = space.Embeddings + ((long)row * space.EmbeddingStride);
                RmsNorm.Normalize(
                    space.Hidden + ((long)part * space.EmbeddingStride), model._weights.OutputNorm, model._config.EmbeddingWidth, model._config.RmsEpsilon, target);
            }
        }
    }

    private readonly struct PrepareJob(LlamaModel model, float* source, int stride, float* norm, int width, ActivationForms forms) : IWorkerJob
    {
        public void Execute(int part, int worker)
        {
            Workspace space = model._space;
            if (norm != null)
            {
                RmsNorm.Normalize(source + ((long)part * stride), norm, width, model._config.RmsEpsilon, space.Normed + ((long)part * space.EmbeddingStride));
            }

            space.Activations.Prepare(forms, part, width);
        }
    }

    /// <summary>What adapters have between their two matrices, for one row and one product.</summary>
    private readonly struct ProjectJob(Workspace space, float* input, int stride, LowRankUpdate? first, LowRankUpdate? second, LowRankUpdate? third) : IWorkerJob
    {
        public void Execute(int part, int worker)
        {
            int product = part % MostProducts;
            LowRankUpdate? update = product == 0 ? first : product == 1 ? second : third;
            update?.Project(input + ((long)(part / MostProducts) * stride), space.Projected + ((long)part * space.UpdateStride));
        }
    }

    private readonly struct RotateJob(LlamaModel model, int layer) : IWorkerJob
    {
        public void Execute(int part, int worker)
        {
            Workspace space = model._space;
            LlamaConfig config = model._config;
            float* cosines = space.Cosines + ((long)part * space.AngleStride);
            float* sines = space.Sines + ((long)part * space.AngleStride);
            float* keys = space.Keys + ((long)part * space.KVStride);
            Rope.Rotate(
                space.Queries + ((long)part * space.QueryStride), config.HeadCount, config.HeadWidth, config.RopeWidth, cosines, sines, config.RotatesHalves);
            Rope.Rotate(keys, config.KVHeadCount, config.HeadWidth, config.RopeWidth, cosines, sines, config.RotatesHalves);
            model._cache.Store(model._sequences[part], layer, model._positions[part], keys, space.Values + ((long)part * space.KVStride));
        }
    }

    private readonly struct AttentionJob(LlamaModel model, int layer) : IWorkerJob
    {
        public void Execute(int part, int worker)
        {
            Workspace space = model._space;
            LlamaConfig config = model._config;
            KVCache cache = model._cache;
            int kvHead = part % config.KVHeadCount;
            int tile = part / config.KVHeadCount;
            int firstRow = model._tileStarts[tile];
            int group = config.HeadCount / config.KVHeadCount;
            int total = (model._tileStarts[tile + 1] - firstRow) * group;
            KVBlocks blocks = cache.Blocks(model._sequences[firstRow], layer, kvHead);
            float** queries = stackalloc float*[Attention.Queries];
            float** outputs = stackalloc float*[Attention.Queries];
            int* lengths = stackalloc int[Attention.Queries];
            for (int first = 0; first < total; first += Attention.Queries)
            {
                int count = Math.Min(Attention.Queries, total - first);
                for (int i = 0; i < count; i++)
                {
                    int row = firstRow + ((first + i) / group);
                    long offset = ((long)row * space.QueryStride) + (((kvHead * group) + ((first + i) % group)) * config.HeadWidth);
                    queries[i] = space.Queries + offset;
                    outputs[i] = space.Mixed + offset;
                    lengths[i] = model._positions[row] + 1;
                }

                Attention.Attend(queries, lengths, count, blocks, cache.ContextLength, config.AttentionScale, outputs, (float*)space.Scratch(worker));
            }
        }
    }

    /// <summary>One matrix of a <see cref="ProductsJob"/>, its place there, and where its results go.</summary>
    private readonly struct Product(WeightRows weights, float* output, int stride, float* bias, int place)
    {
        public WeightRows Weights => weights;

        public int PanelCount => weights is null ? 0 : weights.PanelCount;

        public long Bytes => weights is null ? 0 : weights.RowBytes * weights.Rows;

        /// <summary>Computes panels, adds what adapters say and the bias; with a target, adds the results to it.</summary>
        public void Run(LlamaModel model, int rows, int firstPanel, int endPanel, int worker, float* addTo)
        {
            MatMul.Multiply(weights, model._space.Activations, rows, output, stride, firstPanel, endPanel, model._space.Scratch(worker));
            int firstRow = firstPanel * WeightRows.PanelRows;
            int count = Math.Min(endPanel * WeightRows.PanelRows, weights.Rows) - firstRow;
            for (int row = 0; row < rows; row++)
            {
                float* results = output + ((long)row * stride) + firstRow;
                if (weights.Update is { } update)
                {
                    update.AddTo(results, model._space.Projected + (((long)row * MostProducts) + place) * model._space.UpdateStride, firstRow, count);
                }

                if (bias != null)
                {
                    Vectors.Add(results, bias + firstRow, count);
                }

                if (addTo != null)
                {
                    Vectors.Add(addTo + ((long)row * stride) + firstRow, results, count);
                }
            }
        }
    }

    /// <summary>Up to three matrices over the same activations, their panels in one line cut into parts.</summary>
    private readonly struct ProductsJob : IWorkerJob
    {
        private readonly LlamaModel _model;
        private readonly Product _first;
        private readonly Product _second;
        private readonly Product _third;
        private readonly bool _addsToHidden;
        private readonly int _parts;

        public ProductsJob(LlamaModel model, int rows, Product first, Product second = default, Product third = default, bool addsToHidden = false, int parts = 0)
        {
            _model = model;
            Rows = rows;
            _first = first;
            _second = second;
            _third = third;
            _addsToHidden = addsToHidden;
            _parts = parts;
        }

        public int Rows { get; }

        public int PanelCount => _first.PanelCount + _second.PanelCount + _third.PanelCount;

        public long Bytes => _first.Bytes + _second.Bytes + _third.Bytes;

        public ProductsJob WithParts(int parts) => new(_model, Rows, _first, _second, _third, _addsToHidden, parts);

        public void Execute(int part, int worker)
        {
            int first = (int)((long)PanelCount * part / _parts);
            int end = (int)((long)PanelCount * (part + 1) / _parts);
            RunWithin(_first, 0, first, end, worker);
            RunWithin(_second, _first.PanelCount, first, end, worker);
            RunWithin(_third, _first.PanelCount + _second.PanelCount, first, end, worker);
        }

        private void RunWithin(in Product product, int offset, int first, int end, int worker)
        {
            int from = Math.Max(first - offset, 0);
            int to = Math.Min(end - offset, product.PanelCount);
            if (from < to)
            {
                product.Run(_model, Rows, from, to, worker, _addsToHidden ? _model._space.Hidden : null);
            }
        }
    }

    /// <summary>Gate and up, panel by panel together, then the gated activation on what was computed.</summary>
    private readonly struct GatedJob(LlamaModel model, LlamaLayer layer, int rows, int parts) : IWorkerJob
    {
        public void Execute(int part, int worker)
        {
            Workspace space = model._space;
            int first = (int)((long)layer.Gate.PanelCount * part / parts);
            int end = (int)((long)layer.Gate.PanelCount * (part + 1) / parts);
            new Product(layer.Gate, space.Gate, space.FeedForwardStride, layer.GateBias, 0).Run(model, rows, first, end, worker, null);
            new Product(layer.Up, space.Up, space.FeedForwardStride, layer.UpBias, 1).Run(model, rows, first, end, worker, null);
            int from = first * WeightRows.PanelRows;
            int count = Math.Min(end * WeightRows.PanelRows, layer.Gate.Rows) - from;
            for (int row = 0; row < rows; row++)
            {
                long offset = ((long)row * space.FeedForwardStride) + from;
                SwiGlu.Apply(space.Gate + offset, space.Up + offset, count);
            }
        }
    }
}
