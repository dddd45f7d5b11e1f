using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// All weights of a vision tower and projector. Matrices of every supported type stay in the file's mapping and are expanded panel by panel while they
/// are multiplied, which takes 2 to 10 % of a product's time, so a tower costs no memory beyond its file; vectors and the position table are float
/// copies. Owned by the encoder; valid while the file is open.
/// </summary>
internal sealed unsafe class ClipWeights : IDisposable
{
    // Parts that other towers add to a block and that this one would silently leave out.
    private static readonly string[] s_unsupportedParts =
        ["attn_qkv.weight", "attn_q_norm.weight", "attn_k_norm.weight", "ls1.weight", "ls2.weight", "ffn_gate.weight", "attn_sinks", "ffn_gate_inp.weight"];

    private readonly FloatMemory _memory;

    private ClipWeights(FloatMemory memory) => _memory = memory;

    public ClipLinear PatchEmbedding { get; private set; }

    /// <summary>Shape (width), or null.</summary>
    public float* ClassEmbedding { get; private set; }

    /// <summary>Shape (positions, width); row 0 belongs to the class vector if there is one.</summary>
    public float* PositionEmbedding { get; private set; }

    public ClipNorm PreNorm { get; private set; }

    public ClipNorm PostNorm { get; private set; }

    /// <summary>The blocks that are run.</summary>
    public ClipBlock[] Blocks { get; private set; } = [];

    /// <summary>First matrix of the projector, its norm (Yi-VL), second matrix and its norm; what the kind lacks is empty.</summary>
    public ClipLinear Projector0 { get; private set; }

    public ClipNorm ProjectorNorm0 { get; private set; }

    public ClipLinear Projector1 { get; private set; }

    public ClipNorm ProjectorNorm1 { get; private set; }

    /// <summary>Width between the projector's matrices; of a linear one its output width.</summary>
    public int ProjectorHiddenWidth { get; private set; }

    /// <summary>Width of an image row, the embedding width of the language model.</summary>
    public int OutputWidth { get; private set; }

    public long MemoryBytes => _memory.Bytes;

    /// <exception cref="GgufException">A tensor is missing or has another shape or type than the configuration asks for; the message names it.</exception>
    public static ClipWeights Load(GgufFile file, ClipConfig config, VisionRules rules)
    {
        var memory = new FloatMemory(ClipTensorReader.CopiedFloats(file));
        var weights = new ClipWeights(memory);
        try
        {
            var reader = new ClipTensorReader(file, memory);
            weights.LoadEmbeddings(reader, config, rules);
            weights.Blocks = new ClipBlock[config.RunBlockCount];
            for (int block = 0; block < weights.Blocks.Length; block++)
            {
                weights.Blocks[block] = LoadBlock(file, reader, config, block);
            }

            weights.LoadProjector(file, reader, config);
            return weights;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    public void Dispose() => _memory.Dispose();

    private void LoadEmbeddings(ClipTensorReader reader, ClipConfig config, VisionRules rules)
    {
        if (reader.Has(ClipKeys.SecondPatchEmbedding))
        {
            throw new GgufException($"tensor '{ClipKeys.SecondPatchEmbedding}': a second patch embedding is not supported");
        }

        PatchEmbedding = reader.Convolution(
            ClipKeys.PatchEmbedding, ClipKeys.PatchBias, config.PatchSize, config.Width, roundsToHalf: rules.RoundsAsLlamaCpp);
        ClassEmbedding = config.HasClassEmbedding ? reader.Vector(ClipKeys.ClassEmbedding, config.Width) : null;
        PositionEmbedding = reader.Table(ClipKeys.PositionEmbedding, config.Width, config.PositionCount);
        PreNorm = reader.OptionalNorm(ClipKeys.PreNorm, config.Width);
        PostNorm = reader.OptionalNorm(ClipKeys.PostNorm, config.Width);
    }

    private static ClipBlock LoadBlock(GgufFile file, ClipTensorReader reader, ClipConfig config, int block)
    {
        string Name(string part) => ClipKeys.Block(block, part);
        foreach (string part in s_unsupportedParts)
        {
            if (reader.Has(Name(part)))
            {
                throw new GgufException($"tensor '{Name(part)}': this part of a vision tower is not supported");
            }
        }

        // The converter of 2023 wrote the two matrices under each other's names.
        int width = config.Width;
        int inner = config.FeedForwardWidth;
        bool isSwapped = file.GetTensor(Name("ffn_down.weight")).Shape[0] == width;
        ClipLinear Attention(string part) => reader.Linear(Name(part), width, width);
        return new ClipBlock
        {
            Norm1 = reader.Norm(Name("ln1"), width),
            Query = Attention("attn_q"),
            Key = Attention("attn_k"),
            Value = Attention("attn_v"),
            Output = Attention("attn_out"),
            Norm2 = reader.Norm(Name("ln2"), width),
            Up = reader.Linear(Name(isSwapped ? "ffn_down" : "ffn_up"), width, inner),
            Down = reader.Linear(Name(isSwapped ? "ffn_up" : "ffn_down"), inner, width),
        };
    }

    private void LoadProjector(GgufFile file, ClipTensorReader reader, ClipConfig config)
    {
        int input = checked(config.Width * config.FeatureLayers.Length);
        int hidden = OutputsOf(file, $"{ClipKeys.Projector(0)}.weight");
        Projector0 = reader.Linear(ClipKeys.Projector(0), input, hidden);
        ProjectorHiddenWidth = hidden;
        OutputWidth = hidden;
        if (config.Projector == ProjectorKind.Linear)
        {
            return;
        }

        bool isNormed = config.Projector == ProjectorKind.MlpNorm;
        string second = ClipKeys.Projector(isNormed ? 3 : 2);
        OutputWidth = OutputsOf(file, $"{second}.weight");
        Projector1 = reader.Linear(second, hidden, OutputWidth);
        if (isNormed)
        {
            ProjectorNorm0 = reader.Norm(ClipKeys.Projector(1), hidden);
            ProjectorNorm1 = reader.Norm(ClipKeys.Projector(4), OutputWidth);
        }
    }

    private static int OutputsOf(GgufFile file, string name)
    {
        GgufTensor tensor = file.GetTensor(name);
        return tensor.DimensionCount == 2 && tensor.Shape[1] is > 0 and <= 65_536
            ? (int)tensor.Shape[1]
            : throw new GgufException($"tensor '{name}': is not a matrix of at most 65536 outputs");
    }
}
