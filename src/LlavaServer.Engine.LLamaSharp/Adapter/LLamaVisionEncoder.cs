using System.Security.Cryptography;
using LLama;
using LLama.Native;
using LlavaServer.Engine.LLamaSharp.Native;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Images.Fitting;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.LLamaSharp.Adapter;

/// <summary>
/// Vision tower and projector of llama.cpp (mtmd). A picture is brought to the tower's square by our own code, so that every picture has the same number of
/// rows and untrusted bytes never reach the native decoder. Encodings wait for one another; the models stay the engine's.
/// </summary>
internal sealed unsafe class LLamaVisionEncoder : IVisionEncoder, IDisposable
{
    /// <summary>Where a picture stands in a text for mtmd; random, so that nobody can write it into a prompt.</summary>
    public static readonly string Marker = $"<{Convert.ToHexString(RandomNumberGenerator.GetBytes(16))}>";

    // Architectures that take token embeddings as they are stored, without a factor.
    private static readonly string[] s_plainEmbeddings = ["llama", "qwen2", "qwen3", "phi2", "phi3", "internlm2", "mistral3", "smollm3", "lfm2"];

    private readonly Lock _gate = new();
    private readonly LlamaFunctions _functions;
    private readonly MtmdWeights _vision;
    private readonly GgufFile _model;
    private readonly PictureFitter _fitter;
    private readonly Lock _device;
    private readonly int _width;
    private bool _isDisposed;

    private LLamaVisionEncoder(LlamaFunctions functions, MtmdWeights vision, GgufFile model, PictureFitter fitter, Lock device, VisionInfo info, int width)
    {
        _functions = functions;
        _vision = vision;
        _model = model;
        _fitter = fitter;
        _device = device;
        _width = width;
        Info = info;
    }

    public VisionInfo Info { get; private init; }

    /// <summary>Reads the tower's sizes and counts the rows of a picture. Throws <see cref="InferenceException"/> for a file that cannot be used.</summary>
    /// <param name="runtime">The libraries.</param>
    /// <param name="vision">Stays the engine's.</param>
    /// <param name="model">Language model, for embeddings of the texts that some families put around a picture; stays the engine's.</param>
    /// <param name="files">The model's files.</param>
    /// <param name="options">Profile.</param>
    /// <param name="device">Held while the tower computes.</param>
    public static LLamaVisionEncoder Create(
        LLamaRuntime runtime, MtmdWeights vision, GgufFile model, ModelFiles files, EngineLoadOptions options, Lock device)
    {
        using var mmproj = GgufFile.Open(files.MmprojPath!);
        var metadata = mmproj.Metadata;
        var side = metadata.GetInt32("clip.vision.image_size");
        var mean = metadata.TryGetFloat32s("clip.vision.image_mean", out var known) && known.Length == 3 ? known : [0.5f, 0.5f, 0.5f];
        var info = new VisionInfo
        {
            ImageSize = side,
            PatchSize = metadata.GetInt32("clip.vision.patch_size"),
            RowsPerImage = 1,
            ProjectorType = metadata.TryGetString("clip.projector_type", out var type) ? type : "mlp",
            Profile = options.VisionProfile,
        };
        var fitter = new PictureFitter(side, PictureFitter.FitOf(options.VisionProfile), mean);
        var architecture = model.Metadata.GetString("general.architecture");
        var width = model.Metadata.GetInt32($"{architecture}.embedding_length");
        var probe = new LLamaVisionEncoder(runtime.Functions, vision, model, fitter, device, info, width);
        using var chunks = probe.Tokenize(new RgbImage(side, side, new byte[side * side * 3]));
        var rows = 0;
        var hasText = false;
        foreach (var chunk in chunks.Enumerate())
        {
            rows += (int)chunk.NTokens;
            hasText |= chunk.Type == SafeMtmdInputChunk.SafeMtmdInputChunkType.Text;
        }

        if (hasText && !s_plainEmbeddings.Contains(architecture))
        {
            throw new InferenceException(
                InferenceError.ModelLoadFailed,
                $"the projector type {info.ProjectorType} puts texts around a picture, which this server cannot do with the architecture {architecture}");
        }

        return new LLamaVisionEncoder(runtime.Functions, vision, model, fitter, device, info with { RowsPerImage = rows }, width);
    }

    public ImageEmbedding Encode(RgbImage image, ComputeTurns turns, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(turns);
        cancellationToken.ThrowIfCancellationRequested();
        var square = Fit(image, turns, cancellationToken);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            cancellationToken.ThrowIfCancellationRequested();
            using var chunks = Tokenize(square);
            return Encode(chunks, cancellationToken);
        }
    }

    /// <summary>Waits for a running encoding.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
        }
    }

    private RgbImage Fit(RgbImage image, ComputeTurns turns, CancellationToken cancellationToken)
    {
        turns.Enter();
        try
        {
            return _fitter.Fit(image, () => turns.Yield(cancellationToken));
        }
        finally
        {
            turns.Leave();
        }
    }

    private SafeMtmdInputChunks Tokenize(RgbImage square)
    {
        using var bitmap = SafeMtmdEmbed.FromRgbBytes((uint)square.Width, (uint)square.Height, square.Pixels)
            ?? throw Failed("takes no picture");
        var status = _vision.Tokenize(Marker, addSpecial: false, parseSpecial: true, [bitmap], out var chunks);
        return status == 0 && chunks is not null ? chunks : throw Failed($"cannot prepare a picture ({status})");
    }

    private ImageEmbedding Encode(SafeMtmdInputChunks chunks, CancellationToken cancellationToken)
    {
        var values = new float[checked(Info.RowsPerImage * _width)];
        var written = 0;
        foreach (var chunk in chunks.Enumerate())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var target = values.AsSpan(written, checked((int)chunk.NTokens * _width));
            if (chunk.Type == SafeMtmdInputChunk.SafeMtmdInputChunkType.Text)
            {
                TokenRows.Write(_model, chunk.GetTextTokensSpan(), target);
            }
            else
            {
                EncodeChunk(chunk.NativePtr, target);
            }

            written += target.Length;
        }

        if (written != values.Length)
        {
            throw Failed($"gave {written / _width} rows for a picture, not {Info.RowsPerImage}");
        }

        // Damaged weights give NaN; in the KV cache it would spread to every later row of the sequence.
        foreach (var value in values)
        {
            if (!float.IsFinite(value))
            {
                throw Failed("computed a value that is not finite; its file is damaged");
            }
        }

        return new ImageEmbedding(values, Info.RowsPerImage, _width);
    }

    private void EncodeChunk(nint chunk, Span<float> target)
    {
        lock (_device)
        {
            var handle = _vision.NativeHandle.DangerousGetHandle();
            var status = _functions.EncodeChunk(handle, chunk);
            if (status != 0)
            {
                throw Failed($"failed ({status}): {NativeLog.TakeError()}");
            }

            new ReadOnlySpan<float>(_functions.Encoded(handle), target.Length).CopyTo(target);
        }
    }

    private static InferenceException Failed(string what) => new(InferenceError.EngineFailed, $"The vision tower {what}.");
}
