using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Models.Import;

/// <summary>
/// Converts a checkpoint in Hugging Face form (config.json, safetensors, tokenizer) into the files that a server loads: a `llama` or `qwen2` model and, for
/// LLaVA-1.5 in the authors' naming and in both of transformers', a `clip` mmproj. Stateless, any thread; memory stays at some 100 MB.
/// </summary>
public static class HuggingFaceImporter
{
    private static readonly string[] s_seeing = ["LlavaForConditionalGeneration", "LlavaLlamaForCausalLM", "LlavaMistralForCausalLM", "LlavaQwenForCausalLM"];
    private static readonly string[] s_blind = ["LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM"];

    /// <param name="checkpointFolder">Folder of a checkpoint whose tower and projector, if it has any, are in its safetensors files.</param>
    /// <param name="modelGgufPath">The language model to write; replaced by rename.</param>
    /// <param name="mmprojGgufPath">Tower and projector to write; F32 or BF16 if <paramref name="type"/> says so, F16 otherwise. Untouched for a model without.</param>
    /// <param name="type">Storage type of the language model's matrices; a block type means llama-quantize's recipe of that name.</param>
    /// <param name="name">Name inside the files; by default the last part of `_name_or_path` or of the folder.</param>
    /// <param name="cancellationToken">Stops between parts of tensors and removes what was written.</param>
    /// <exception cref="ImportException">The checkpoint is damaged, incomplete or of another kind.</exception>
    public static void Import(
        string checkpointFolder, string modelGgufPath, string mmprojGgufPath, TensorType type, string? name = null, CancellationToken cancellationToken = default)
    {
        if (!Quantizer.Supports(type))
        {
            throw new ImportException($"tensor type {TensorTypes.Name(type)} cannot be written");
        }

        var files = CheckpointFiles.Of(checkpointFolder);
        name ??= DefaultName(checkpointFolder, JsonFile.Read(files, "config.json"));
        using var model = Prepare(files, QuantizationMix.Of(type), name, advanced: null, cancellationToken);
        model.Vision?.Write(mmprojGgufPath);
        try
        {
            model.Language.Write(modelGgufPath);
        }
        catch
        {
            if (model.Vision is not null)
            {
                File.Delete(mmprojGgufPath);
            }

            throw;
        }
    }

    /// <summary>Reads and checks everything but the weights.</summary>
    /// <param name="files">Of the checkpoint.</param>
    /// <param name="mix">The recipe of the language model; tower and projector are F16 unless it is F32 or BF16.</param>
    /// <param name="name">Name inside the files.</param>
    /// <param name="advanced">Called with bytes of the checkpoint that are done.</param>
    /// <param name="cancellationToken">Stops the writing between parts of tensors.</param>
    /// <exception cref="ImportException">The checkpoint is damaged, incomplete or of another kind.</exception>
    internal static ImportedModel Prepare(CheckpointFiles files, QuantizationMix mix, string name, Action<long>? advanced, CancellationToken cancellationToken)
    {
        var config = JsonFile.Read(files, "config.json");
        var sees = CheckArchitecture(config);
        var checkpoint = CheckpointTensors.Open(files);
        try
        {
            var collector = new TensorCollector(checkpoint);
            var language = PrepareLanguage(files, config, collector, mix, name, advanced, cancellationToken);
            var vision = sees ? PrepareVision(files, config, collector, mix, name, advanced, cancellationToken) : null;
            collector.CheckAllTaken();
            return new ImportedModel(checkpoint, language, vision);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static string DefaultName(string folder, JsonFile config)
    {
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(config.FindString("_name_or_path") ?? string.Empty));
        return name.Length > 0 ? name : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
    }

    /// <summary>Whether the model has a vision tower.</summary>
    private static bool CheckArchitecture(JsonFile config)
    {
        var architecture = config.Find("architectures") is { ValueKind: System.Text.Json.JsonValueKind.Array } list && list.GetArrayLength() > 0
            && list[0].ValueKind == System.Text.Json.JsonValueKind.String ? list[0].GetString()! : string.Empty;
        if (s_blind.Contains(architecture))
        {
            return false;
        }

        if (!s_seeing.Contains(architecture))
        {
            throw new ImportException(
                $"config.json: architecture {GgufText.Quote(architecture)} is not supported; LlavaForConditionalGeneration, {string.Join(", ", s_blind[..^1])} and {s_blind[^1]} are");
        }

        if (config.FindString("image_aspect_ratio") == "anyres" || config.Find("image_grid_pinpoints") is not null)
        {
            throw new ImportException("config.json: 'image_grid_pinpoints' belongs to LLaVA-1.6, which is not supported; LLaVA-1.5 is");
        }

        if ((config.FindString("projector_hidden_act") ?? "gelu") != "gelu" || (config.FindString("mm_projector_type") ?? "mlp2x_gelu") != "mlp2x_gelu")
        {
            throw new ImportException("config.json: the projector must be two linear layers with GELU between them");
        }

        return true;
    }

    private static GgufWriter PrepareLanguage(
        CheckpointFiles files, JsonFile config, TensorCollector collector, QuantizationMix mix, string name, Action<long>? advanced, CancellationToken cancellationToken)
    {
        var language = LanguageConfig.Read(config);
        var embedding = collector.Peek("model.embed_tokens.weight");
        if (embedding.Shape is not [>= 1 and <= 1 << 20, _])
        {
            throw new ImportException($"tensor {GgufText.Quote(embedding.Name)}: must be a matrix with at most {1 << 20} rows");
        }

        var vocabularySize = (int)embedding.Shape[0];
        var writer = new GgufWriter();
        AddGeneral(writer, language.Architecture, "model", name, mix);
        LanguageModelWriter.AddMetadata(writer, language, vocabularySize);
        LanguageModelWriter.AddVocabulary(writer, VocabularyReader.Read(files, language, vocabularySize), VocabularyReader.ReadChatTemplates(files));
        var tensors = LanguageModelWriter.CollectTensors(collector, language, vocabularySize);
        AddTensors(writer, tensors, mix, language.Layers, language.Heads / language.KeyValueHeads, advanced, cancellationToken);
        return writer;
    }

    private static GgufWriter PrepareVision(
        CheckpointFiles files, JsonFile config, TensorCollector collector, QuantizationMix languageMix, string name, Action<long>? advanced, CancellationToken cancellationToken)
    {
        var mix = languageMix.BaseType is TensorType.F32 or TensorType.BF16 ? languageMix : QuantizationMix.Of(TensorType.F16);
        var vision = VisionConfig.Read(config, JsonFile.TryRead(files, "preprocessor_config.json"));
        var writer = new GgufWriter();
        AddGeneral(writer, "clip", "mmproj", name, mix);
        VisionModelWriter.AddMetadata(writer, vision);
        var languageWidth = LanguageConfig.Read(config).Width;
        var kernelType = mix.BaseType == TensorType.F32 ? TensorType.F32 : TensorType.F16;
        AddTensors(writer, VisionModelWriter.CollectTensors(collector, vision, languageWidth, kernelType), mix, 0, 1, advanced, cancellationToken);
        return writer;
    }

    private static void AddGeneral(GgufWriter writer, string architecture, string kind, string name, QuantizationMix mix)
    {
        writer.AddString("general.architecture", architecture);
        writer.AddString("general.type", kind);
        writer.AddString("general.name", name);
        writer.AddUInt32("general.file_type", mix.FileType);
        writer.AddUInt32("general.quantization_version", 2);
    }

    private static void AddTensors(
        GgufWriter writer, List<ImportTensor> tensors, QuantizationMix mix, int layers, int queriesPerKey, Action<long>? advanced, CancellationToken cancellationToken)
    {
        var types = mix.ChooseTypes(tensors.Select(tensor => tensor.Plan), layers, queriesPerKey, pure: false);
        foreach (var tensor in tensors)
        {
            var type = types[tensor.Name];
            writer.AddTensor(tensor.Name, type, tensor.Shape, stream => tensor.Write(stream, type, advanced, cancellationToken));
        }
    }
}
