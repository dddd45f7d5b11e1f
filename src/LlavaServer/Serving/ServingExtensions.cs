using LlavaServer.Configuration;
using LlavaServer.Edge.Remote;
using LlavaServer.Health;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines.Hosting;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting.Named;
using LlavaServer.Models.Creation;
using LlavaServer.Models.Registry;
using Microsoft.Extensions.Options;

namespace LlavaServer.Serving;

/// <summary>The models of this server: which, by which engine, and their loading at start.</summary>
internal static partial class ServingExtensions
{
    public static IServiceCollection AddModels(this IServiceCollection services)
    {
        services.AddInference();
        services.AddSingleton<EngineChoice>();
        services.AddSingleton<IValidateOptions<InferenceOptions>, EngineKindRule>();
        services.AddSingleton(static provider => provider.GetRequiredService<EngineChoice>().CreateFactory(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<HostedEngineFactory>>()));
        services.AddSingleton(static provider => ServedModels.OpenStore(provider.GetRequiredService<IOptions<InferenceOptions>>().Value.Models));
        services.AddSingleton<StoredModels>();
        services.AddSingleton<StoreImport>();
        AddRegistries(services);
        services.AddSingleton(static provider => ServedModels.Load(
            provider.GetRequiredService<IOptions<ServerOptions>>().Value.Model, provider.GetRequiredService<StoredModels>()));
        services.AddHostedService<StoreCleaning>();
        services.AddSingleton<VocabularySizes>();
        return services;
    }

    private static void AddRegistries(IServiceCollection services)
    {
        var key = new Lazy<RegistryKey?>(static () => RegistryKey.Open(
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".ollama", "id_ed25519")));
        services.AddSingleton(static _ => new RegistryNetwork(PublicAddresses.Contains));
        services.AddSingleton<DownloadOptions>();
        services.AddSingleton<Func<RegistryKey?>>(() => key.Value);
        services.AddSingleton<ModelPuller>();
        services.AddSingleton<ModelPusher>();
        services.AddSingleton(static provider => new ModelCreator(
            provider.GetRequiredService<StoredModels>().Store, TemplateDetection.Find, provider.GetRequiredService<TimeProvider>()));
    }

    /// <summary>Loads the models and says where and what is served. Throws <see cref="InferenceException"/> when one cannot be loaded.</summary>
    public static async Task AnnounceAsync(this WebApplication app)
    {
        var services = app.Services;
        var pool = services.GetRequiredService<ModelPool>();
        var readiness = services.GetRequiredService<Readiness>();
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("LlavaServer");
        var slots = services.GetRequiredService<IOptions<InferenceOptions>>().Value.Engine.Slots;
        try
        {
            foreach (var entry in AtStart(services.GetRequiredService<ModelCatalog>(), services.GetRequiredService<IOptions<InferenceOptions>>().Value.Models.Preload))
            {
                using var lease = await pool.LoadAsync(entry, new ModelDemand(), app.Lifetime.ApplicationStopping);
                var model = lease.Model;
                Log.Loaded(
                    logger, Endpoints.ModelNames.Display(entry.Name), entry.ParameterSize, entry.QuantizationLevel, model.Info.EngineName, model.Info.Device,
                    slots, model.Info.ContextLength, model.Info.MemoryBytes >> 20, entry.HasVision ? "sees" : "text only");
            }
        }
        catch (InferenceException)
        {
            readiness.Fail();
            throw;
        }
        catch (OperationCanceledException)
        {
            return;
        }

        readiness.Begin();
        var threads = services.GetRequiredService<IOptions<InferenceOptions>>().Value.Engine.Threads;
        var stored = services.GetRequiredService<StoredModels>();
        Log.Stored(logger, stored.Store.Root, stored.All().Count);
        foreach (var address in app.Urls)
        {
            // One that stands for all of this machine's addresses is none that a browser can open.
            var page = ServerAddress.TryParse(address, out var parsed) ? parsed.ClientUri.ToString().TrimEnd('/') : address;
            Log.Listening(logger, ProductVersion.Short, address, threads > 0 ? threads : Environment.ProcessorCount, page);
        }

        var options = services.GetRequiredService<IOptions<ServerOptions>>().Value;
        if (!options.Address.IsLoopback && options.Security.HasKeys)
        {
            Log.KeysInTheOpen(logger);
        }
        else if (!options.Address.IsLoopback)
        {
            Log.OpenToAll(logger);
        }
    }

    /// <summary>The models that are loaded before the server is ready: those that the setting names, without one all.</summary>
    private static IEnumerable<ModelEntry> AtStart(ModelCatalog catalog, string? preload)
    {
        var names = (preload ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return names.Length == 0 ? catalog.Entries : [.. names.Select(name => catalog.Find(name) ?? throw new InferenceException(
            InferenceError.ModelNotFound,
            $"Models:Preload names '{name}', which is not served; served: {string.Join(", ", catalog.Entries.Select(static e => Endpoints.ModelNames.Display(e.Name)))}."))];
    }

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Information, "Model {Model}: {Size} {Quantization}, engine {Engine} on {Device}, {Slots} slots of {Context} positions, {Memory} MiB, {Sight}")]
        public static partial void Loaded(ILogger logger, string model, string size, string quantization, string engine, string device, int slots, int context, long memory, string sight);

        [LoggerMessage(11, LogLevel.Information, "LlavaServer {Version} listens on {Address} with {Threads} threads. Open {Page} in a browser to chat, {Page}/swagger to see the API. Ctrl+C stops it.")]
        public static partial void Listening(ILogger logger, string version, string address, int threads, string page);

        [LoggerMessage(14, LogLevel.Information, "Models are kept in {Folder}, {Count} of them now")]
        public static partial void Stored(ILogger logger, string folder, int count);

        [LoggerMessage(12, LogLevel.Warning, "The server listens beyond this machine and asks for no key: set Security:ApiKeys (LLAVA_API_KEYS), or Host to 127.0.0.1")]
        public static partial void OpenToAll(ILogger logger);

        [LoggerMessage(13, LogLevel.Warning, "The server listens beyond this machine without TLS: keys and pictures can be read on the way; put a gateway in front")]
        public static partial void KeysInTheOpen(ILogger logger);
    }
}
