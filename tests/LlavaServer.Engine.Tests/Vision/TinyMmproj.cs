using System.Runtime.InteropServices;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Engine.Tests.Vision;

/// <summary>A small mmproj file with random weights that depend on nothing but these settings.</summary>
internal sealed record TinyMmproj
{
    public int ImageSize { get; init; } = 56;

    public int PatchSize { get; init; } = 14;

    public int Width { get; init; } = 32;

    public int FeedForward { get; init; } = 64;

    public int Heads { get; init; } = 4;

    public int Blocks { get; init; } = 3;

    public int LanguageWidth { get; init; } = 64;

    public int ProjectorHidden { get; init; } = 64;

    public TensorType Type { get; init; } = TensorType.F16;

    public int[]? FeatureLayers { get; init; } = [2];

    /// <summary>Null writes no key, as files of October 2023.</summary>
    public string? ProjectorType { get; init; } = "mlp";

    /// <summary>mlp, mlp_norm or linear: decides which tensors are written.</summary>
    public string ProjectorTensors { get; init; } = "mlp";

    public bool HasClass { get; init; } = true;

    public bool HasPreNorm { get; init; } = true;

    public bool HasPostNorm { get; init; }

    public bool HasBiases { get; init; } = true;

    /// <summary>Feed-forward matrices under each other's names, as the converter of 2023 wrote them.</summary>
    public bool HasSwappedNames { get; init; } = true;

    public bool? UseGelu { get; init; } = false;

    public bool? UseSilu { get; init; }

    public float[] Mean { get; init; } = [0.48145466f, 0.4578275f, 0.40821073f];

    public float[] Std { get; init; } = [0.26862954f, 0.26130258f, 0.27577711f];

    public ulong Seed { get; init; } = 1;

    /// <summary>Changes metadata or tensors before the file is written, to damage it.</summary>
    public Action<GgufWriter>? Change { get; init; }

    /// <summary>A metadata key to leave out.</summary>
    public string? WithoutKey { get; init; }

    /// <summary>Tensors to leave out.</summary>
    public string[] Without { get; init; } = [];

    /// <summary>Shapes to write instead of the right ones.</summary>
    public Dictionary<string, long[]> Shapes { get; init; } = [];

    public int Patches => ImageSize / PatchSize * (ImageSize / PatchSize);

    /// <summary>Writes the file to a new path in the temporary folder.</summary>
    public TemporaryFile Write()
    {
        var file = new TemporaryFile(".gguf");
        WriteTo(file.Path);
        return file;
    }

    public void WriteTo(string path)
    {
        var metadata = new GgufWriter();
        WriteMetadata(metadata);
        GgufWriter writer = WithoutKey is null ? metadata : Copy(metadata, WithoutKey);
        WriteTensors(writer);
        Change?.Invoke(writer);
        writer.Write(path);
    }

    private static GgufWriter Copy(GgufWriter metadata, string withoutKey)
    {
        using var file = new TemporaryFile(".gguf");
        metadata.Write(file.Path);
        using GgufFile source = GgufFile.Open(file.Path);
        var copy = new GgufWriter();
        foreach (string key in source.Metadata.Keys.Where(key => key != withoutKey))
        {
            copy.SetValue(key, source.Metadata.GetValue(key));
        }

        return copy;
    }

    private void WriteMetadata(GgufWriter writer)
    {
        writer.AddString("general.architecture", "clip");
        writer.AddUInt32("general.file_type", Type == TensorType.F32 ? 0u : 1u);
        writer.AddBoolean("clip.has_text_encoder", false);
        writer.AddBoolean("clip.has_vision_encoder", true);
        writer.AddBoolean("clip.has_llava_projector", true);
        if (ProjectorType is not null)
        {
            writer.AddString("clip.projector_type", ProjectorType);
        }

        writer.AddUInt32("clip.vision.image_size", (uint)ImageSize);
        writer.AddUInt32("clip.vision.patch_size", (uint)PatchSize);
        writer.AddUInt32("clip.vision.embedding_length", (uint)Width);
        writer.AddUInt32("clip.vision.feed_forward_length", (uint)FeedForward);
        writer.AddUInt32("clip.vision.projection_dim", 768);
        writer.AddUInt32("clip.vision.attention.head_count", (uint)Heads);
        writer.AddFloat32("clip.vision.attention.layer_norm_epsilon", 1e-5f);
        writer.AddUInt32("clip.vision.block_count", (uint)Blocks);
        writer.AddFloat32s("clip.vision.image_mean", Mean);
        writer.AddFloat32s("clip.vision.image_std", Std);
        if (FeatureLayers is not null)
        {
            writer.AddInt32s("clip.vision.feature_layer", FeatureLayers);
        }

        if (UseGelu is { } gelu)
        {
            writer.AddBoolean("clip.use_gelu", gelu);
        }

        if (UseSilu is { } silu)
        {
            writer.AddBoolean("clip.use_silu", silu);
        }
    }

    private void WriteTensors(GgufWriter writer)
    {
        if (HasClass)
        {
            Vector(writer, "v.class_embd", Width, 0, 0.5f);
        }

        Add(writer, "v.patch_embd.weight", Type == TensorType.F32 ? TensorType.F32 : TensorType.F16, [PatchSize, PatchSize, 3, Width], 0, 0.04f);
        Matrix(writer, "v.position_embd.weight", Width, Patches + (HasClass ? 1 : 0), 0.5f, isTable: true);
        if (HasPreNorm)
        {
            Norm(writer, "v.pre_ln", Width);
        }

        for (int block = 0; block < Blocks; block++)
        {
            foreach (string part in (ReadOnlySpan<string>)["attn_q", "attn_k", "attn_v", "attn_out"])
            {
                Linear(writer, $"v.blk.{block}.{part}", Width, Width, part is "attn_q" or "attn_k" ? 2.5f : 1.2f);
            }

            Norm(writer, $"v.blk.{block}.ln1", Width);
            Norm(writer, $"v.blk.{block}.ln2", Width);
            Linear(writer, $"v.blk.{block}.{(HasSwappedNames ? "ffn_down" : "ffn_up")}", Width, FeedForward, 1.2f);
            Linear(writer, $"v.blk.{block}.{(HasSwappedNames ? "ffn_up" : "ffn_down")}", FeedForward, Width, 1.2f);
        }

        if (HasPostNorm)
        {
            Norm(writer, "v.post_ln", Width);
        }

        int input = Width * (FeatureLayers?.Length ?? 1);
        if (ProjectorTensors == "linear")
        {
            Linear(writer, "mm.0", input, LanguageWidth, 1);
            return;
        }

        Linear(writer, "mm.0", input, ProjectorHidden, 1);
        Linear(writer, ProjectorTensors == "mlp" ? "mm.2" : "mm.3", ProjectorHidden, LanguageWidth, 1);
        if (ProjectorTensors == "mlp_norm")
        {
            Norm(writer, "mm.1", ProjectorHidden);
            Norm(writer, "mm.4", LanguageWidth);
        }
    }

    private void Linear(GgufWriter writer, string name, int inputs, int outputs, float gain)
    {
        Matrix(writer, $"{name}.weight", inputs, outputs, gain / MathF.Sqrt(inputs));
        if (HasBiases)
        {
            Vector(writer, $"{name}.bias", outputs, 0, 0.1f);
        }
    }

    private void Norm(GgufWriter writer, string name, int width)
    {
        Vector(writer, $"{name}.weight", width, 1, 0.1f);
        Vector(writer, $"{name}.bias", width, 0, 0.1f);
    }

    private void Vector(GgufWriter writer, string name, int length, float mean, float deviation) =>
        Add(writer, name, TensorType.F32, [length], mean, deviation);

    private void Matrix(GgufWriter writer, string name, int inputs, int outputs, float deviation, bool isTable = false)
    {
        TensorType type = inputs % TensorTypes.BlockElements(Type) != 0 || (isTable && TensorTypes.BlockElements(Type) > 1) ? TensorType.F16 : Type;
        Add(writer, name, type, [inputs, outputs], 0, deviation);
    }

    private void Add(GgufWriter writer, string name, TensorType type, long[] shape, float mean, float deviation)
    {
        if (Without.Contains(name))
        {
            return;
        }

        shape = Shapes.GetValueOrDefault(name, shape);
        var values = new float[shape.Aggregate(1L, (product, length) => product * length)];
        var random = new SplitMix(Seed ^ Hash(name));
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = mean + deviation * random.NextNormal();
        }

        writer.AddTensor(name, type, shape, Encode(type, values));
    }

    private static byte[] Encode(TensorType type, float[] values)
    {
        switch (type)
        {
            case TensorType.F32:
                return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
            case TensorType.F16:
                return MemoryMarshal.AsBytes(values.Select(value => (Half)value).ToArray().AsSpan()).ToArray();
            default:
                var bytes = new byte[TensorTypes.RowBytes(type, values.Length)];
                Quantizer.FromFloat(type, values, bytes);
                return bytes;
        }
    }

    // FNV-1a: every tensor has its own numbers, whatever else is in the file.
    private static ulong Hash(string name) => name.Aggregate(14695981039346656037UL, (hash, c) => (hash ^ c) * 1099511628211UL);
}
