using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Inference;

/// <summary>Registers everything from a neutral request to tokens. The host adds a <see cref="ModelCatalog"/> and an engine factory.</summary>
public static class InferenceServiceCollectionExtensions
{
    public static IServiceCollection AddInference(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<InferenceOptions>().BindConfiguration(InferenceOptions.SectionName);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<InferenceOptions>, InferenceOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<InferenceOptions>, InferenceOptionsRules>());
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<InferenceMetrics>();
        services.TryAddSingleton<ComputeTurns>();
        services.TryAddSingleton<GrammarCompiler>(static p => new GrammarCompiler(p.GetRequiredService<IOptions<InferenceOptions>>(), p.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<ImageDecoder>();
        services.TryAddSingleton(static p =>
        {
            var cache = new ImageEmbeddingCache(p.GetRequiredService<IOptions<InferenceOptions>>().Value.Cache.ImageBytes);
            p.GetRequiredService<InferenceMetrics>().ObserveImageCache(() => cache.Bytes);
            return cache;
        });
        services.TryAddSingleton<ModelTextReader>(p =>
        {
            var options = p.GetRequiredService<IOptions<InferenceOptions>>().Value;
            var time = p.GetRequiredService<TimeProvider>();
            return entry => GgufModelText.Read(entry, options.Models.ChatTemplate, options.Limits, time);
        });
        services.TryAddSingleton(p => new ModelTexts(p.GetRequiredService<ModelTextReader>(), p.GetRequiredService<IOptions<InferenceOptions>>().Value.Limits));
        services.TryAddSingleton<ModelLoader>();
        services.TryAddSingleton(p => new ModelPool(
            p.GetRequiredService<ModelCatalog>(),
            p.GetRequiredService<ModelLoader>(),
            p.GetRequiredService<IOptions<InferenceOptions>>(),
            p.GetRequiredService<InferenceMetrics>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<ModelPool>>()));
        services.TryAddSingleton<TextGenerator>();
        services.TryAddSingleton<TextEmbedder>();
        return services;
    }
}
