using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Kernels.Interleaved;
using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Language;

/// <summary>
/// All weights of a language model, checked against the architecture's table. Owned by the engine; reads the file's mapping, which must outlive it.
/// </summary>
internal sealed unsafe class LlamaWeights : IDisposable
{
    private readonly List<WeightRows> _matrices = [];
    private readonly GgufFile _file;
    private readonly IReadOnlyList<LoraFile> _adapters;
    private readonly HashSet<string> _adapted = [];

    private LlamaWeights(GgufFile file, IReadOnlyList<LoraFile> adapters)
    {
        _file = file;
        _adapters = adapters;
    }

    /// <summary>Shape (VocabularySize, EmbeddingWidth); rows are dequantized on lookup.</summary>
    public GgufTensor TokenEmbedding { get; private set; } = null!;

    public long EmbeddingRowBytes { get; private set; }

    /// <summary>What adapters add to a token's row; null is nothing.</summary>
    public LowRankUpdate? TokenUpdate { get; private set; }

    /// <summary>Largest rank of what adapters add to products; 0 without adapters.</summary>
    public int UpdateRank => _matrices.Max(static matrix => matrix.Update?.Rank ?? 0);

    public LlamaLayer[] Layers { get; private set; } = [];

    /// <summary>Shape (EmbeddingWidth).</summary>
    public float* OutputNorm { get; private set; }

    /// <summary>Shape (VocabularySize, EmbeddingWidth); the token embedding when the file has none of its own.</summary>
    public WeightRows Output { get; private set; } = null!;

    public float* OutputBias { get; private set; }

    /// <summary>Divisors of the rotation angles, shape (HeadWidth / 2), or null.</summary>
    public float* RopeFactors { get; private set; }

    /// <summary>Forms of activations that some product of the model reads.</summary>
    public ActivationForms Forms { get; private set; }

    /// <summary>Memory beside the file's mapping, in bytes.</summary>
    public long OwnedBytes => _matrices.Sum(matrix => matrix.OwnedBytes) + (TokenUpdate?.Bytes ?? 0);

    /// <param name="file">The model; must outlive the weights.</param>
    /// <param name="adapters">What is added to it; copied.</param>
    /// <exception cref="GgufException">A tensor is missing, has another shape or a type without kernels; the message names it.</exception>
    public static LlamaWeights Load(
        GgufFile file, IReadOnlyList<LoraFile> adapters, LlamaConfig config, WorkerPool workers, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var weights = new LlamaWeights(file, adapters);
        try
        {
            weights.Read(config, workers, progress, cancellationToken);
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _matrices.ForEach(matrix => matrix.Dispose());
        TokenUpdate?.Dispose();
    }

    private void Read(LlamaConfig config, WorkerPool workers, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        RefuseExperts();
        int width = config.EmbeddingWidth;
        TokenEmbedding = Checked("token_embd.weight", width, config.VocabularySize);
        EmbeddingRowBytes = TensorTypes.RowBytes(TokenEmbedding.Type, width);
        if (PairsOf(TokenEmbedding.Name) is { Count: > 0 } pairs)
        {
            TokenUpdate = LoraPair.ForTokens(pairs, config.VocabularySize, width);
        }

        OutputNorm = Vector("output_norm.weight", width);
        OutputBias = OptionalVector("output.bias", config.VocabularySize);
        RopeFactors = OptionalVector("rope_freqs.weight", config.RopeWidth / 2);
        var layers = new LlamaLayer[config.LayerCount];
        for (int i = 0; i < layers.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            layers[i] = ReadLayer(config, workers, $"blk.{i}.");
            progress?.Report((i + 1.0) / (layers.Length + 1));
        }

        Layers = layers;
        Output = Matrix(_file.TryGetTensor("output.weight", out _) ? "output.weight" : "token_embd.weight", width, config.VocabularySize, workers);
        RefuseOtherAdapters();
        progress?.Report(1);
    }

    private LlamaLayer ReadLayer(LlamaConfig config, WorkerPool workers, string prefix)
    {
        int width = config.EmbeddingWidth;
        return new LlamaLayer
        {
            AttentionNorm = Vector(prefix + "attn_norm.weight", width),
            Query = Matrix(prefix + "attn_q.weight", width, config.QueryWidth, workers),
            Key = Matrix(prefix + "attn_k.weight", width, config.KVWidth, workers),
            Value = Matrix(prefix + "attn_v.weight", width, config.KVWidth, workers),
            Output = Matrix(prefix + "attn_output.weight", config.QueryWidth, width, workers),
            QueryBias = OptionalVector(prefix + "attn_q.bias", config.QueryWidth),
            KeyBias = OptionalVector(prefix + "attn_k.bias", config.KVWidth),
            ValueBias = OptionalVector(prefix + "attn_v.bias", config.KVWidth),
            OutputBias = OptionalVector(prefix + "attn_output.bias", width),
            FeedForwardNorm = Vector(prefix + "ffn_norm.weight", width),
            Gate = Matrix(prefix + "ffn_gate.weight", width, config.FeedForwardWidth, workers),
            Up = Matrix(prefix + "ffn_up.weight", width, config.FeedForwardWidth, workers),
            Down = Matrix(prefix + "ffn_down.weight", config.FeedForwardWidth, width, workers),
            GateBias = OptionalVector(prefix + "ffn_gate.bias", config.FeedForwardWidth),
            UpBias = OptionalVector(prefix + "ffn_up.bias", config.FeedForwardWidth),
            DownBias = OptionalVector(prefix + "ffn_down.bias", width),
        };
    }

    private List<LoraPair> PairsOf(string name)
    {
        _adapted.Add(name);
        return [.. _adapters.Select(file => file.Pairs.GetValueOrDefault(name)).OfType<LoraPair>()];
    }

    private void RefuseOtherAdapters()
    {
        if (_adapters.SelectMany(static file => file.Pairs.Keys).FirstOrDefault(name => !_adapted.Contains(name)) is { } other)
        {
            throw new GgufException($"adapter: the model has no matrix '{other}'; is it an adapter of another model?");
        }
    }

    private void RefuseExperts()
    {
        foreach (GgufTensor tensor in _file.Tensors)
        {
            if (tensor.Name.Contains("_exps", StringComparison.Ordinal) || tensor.Name.EndsWith("ffn_gate_inp.weight", StringComparison.Ordinal))
            {
                throw new GgufException($"tensor '{tensor.Name}': mixture of experts is not supported");
            }
        }
    }

    private WeightRows Matrix(string name, int width, int rows, WorkerPool workers)
    {
        GgufTensor tensor = Checked(name, width, rows);
        LowRankUpdate? update = tensor != TokenEmbedding && PairsOf(name) is { Count: > 0 } pairs ? LoraPair.ForProducts(pairs, width, rows) : null;
        var matrix = new WeightRows(tensor.Type, tensor.Pointer, rows, width, Interleaving.Pack(tensor.Type, tensor.Pointer, rows, width, workers), update);
        _matrices.Add(matrix);
        Forms |= matrix.Form;
        return matrix;
    }

    private float* Vector(string name, int width)
    {
        GgufTensor tensor = _file.GetTensor(name);
        if (tensor.Type != TensorType.F32)
        {
            throw new GgufException($"tensor '{name}': type {TensorTypes.Name(tensor.Type)}, expected F32");
        }

        if (tensor.DimensionCount == 0 || tensor.ElementCount != width || tensor.Shape[0] != width)
        {
            throw new GgufException($"tensor '{name}': shape [{string.Join(", ", tensor.Shape.ToArray())}], expected [{width}]");
        }

        return (float*)tensor.Pointer;
    }

    private float* OptionalVector(string name, int width) => _file.TryGetTensor(name, out _) ? Vector(name, width) : null;

    private GgufTensor Checked(string name, int width, int rows)
    {
        GgufTensor tensor = _file.GetTensor(name);
        if (tensor.DimensionCount == 0 || tensor.Shape[0] != width || tensor.ElementCount != (long)width * rows || (tensor.DimensionCount > 1 && tensor.Shape[1] != rows))
        {
            throw new GgufException($"tensor '{name}': shape [{string.Join(", ", tensor.Shape.ToArray())}], expected [{width}, {rows}]");
        }

        return MatMul.Supports(tensor.Type)
            ? tensor
            : throw new GgufException($"tensor '{name}': type {TensorTypes.Name(tensor.Type)} is not supported");
    }
}
