using LlavaServer.Engine.LLamaSharp.Adapter;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Engine.Tests.LLamaSharp.Adapter;

/// <summary>Small models of random weights, loaded by llama.cpp.</summary>
internal static class LLamaModelFiles
{
    public static IInferenceEngine Open(EngineLoadOptions options, ulong seed)
    {
        string folder = Directory.CreateTempSubdirectory("llava-contract").FullName;
        try
        {
            string path = Path.Combine(folder, "model.gguf");
            RandomLanguageModel.Write(path, LanguageShape.Tiny, QuantizationMix.Parse("F32"), seed, pure: true);
            return new LLamaEngineFactory().Load(new ModelFiles(path, null), options, null, CancellationToken.None);
        }
        finally
        {
            // The mapping keeps the bytes until the engine is disposed.
            Directory.Delete(folder, recursive: true);
        }
    }
}
