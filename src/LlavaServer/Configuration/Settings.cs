namespace LlavaServer.Configuration;

/// <summary>Every setting and its names: the one place where environment variables meet configuration keys.</summary>
internal static class Settings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("Host", SettingKind.Text, "LLAVA_HOST", "OLLAMA_HOST"),
        new("Model:Path", SettingKind.Text, "LLAVA_MODEL"),
        new("Model:Mmproj", SettingKind.Text, "LLAVA_MMPROJ"),
        new("Model:Name", SettingKind.Text, "LLAVA_MODEL_NAME"),
        new("Models:Default", SettingKind.Text, "LLAVA_DEFAULT_MODEL"),
        new("Models:Preload", SettingKind.Text, "LLAVA_PRELOAD"),
        new("Pool:KeepAlive", SettingKind.Duration, "LLAVA_KEEP_ALIVE", "OLLAMA_KEEP_ALIVE"),
        new("Pool:MaxLoaded", SettingKind.Integer, "LLAVA_MAX_LOADED_MODELS", "OLLAMA_MAX_LOADED_MODELS"),
        new("Pool:MemoryBudget", SettingKind.Bytes, "LLAVA_MEMORY_BUDGET"),
        new("Pool:LoadTimeout", SettingKind.Duration, "LLAVA_LOAD_TIMEOUT", "OLLAMA_LOAD_TIMEOUT"),
        new("Pool:Executors", SettingKind.Integer, "LLAVA_EXECUTORS"),
        new("Pool:MaxDeaths", SettingKind.Integer),
        new("Pool:BreakTime", SettingKind.Duration),
        new("Models:ChatTemplate", SettingKind.Text, "LLAVA_CHAT_TEMPLATE"),
        new("Engine:Threads", SettingKind.Integer, "LLAVA_THREADS"),
        new("Engine:ContextLength", SettingKind.Integer, "LLAVA_CONTEXT_LENGTH", "OLLAMA_CONTEXT_LENGTH"),
        new("Engine:Slots", SettingKind.Integer, "LLAVA_NUM_PARALLEL", "OLLAMA_NUM_PARALLEL"),
        new("Engine:KVPositions", SettingKind.Integer),
        new("Engine:StepRows", SettingKind.Integer),
        new("Engine:StepTime", SettingKind.Duration),
        new("Engine:Process", SettingKind.Text, "LLAVA_ENGINE_PROCESS"),
        new("Engine:VisionProfile", SettingKind.Text, "LLAVA_VISION_PROFILE"),
        new("Queue:MaxQueue", SettingKind.Integer, "LLAVA_MAX_QUEUE", "OLLAMA_MAX_QUEUE"),
        new("Queue:MaxWait", SettingKind.Duration, "LLAVA_MAX_QUEUE_WAIT"),
        new("Queue:ImageBytes", SettingKind.Bytes),
        new("Streaming:CommitDelay", SettingKind.Duration, "LLAVA_STREAM_COMMIT_DELAY"),
        new("Streaming:PingInterval", SettingKind.Duration, "LLAVA_SSE_PING"),
        new("Limits:Connections", SettingKind.Integer),
        new("Limits:HeadersTimeout", SettingKind.Duration),
        new("Limits:KeepAliveTimeout", SettingKind.Duration),
        new("Limits:MaxRequestBodyBytes", SettingKind.Bytes, "LLAVA_MAX_REQUEST_BYTES"),
        new("Limits:BodyGrace", SettingKind.Duration),
        new("Limits:BodyMinBytesPerSecond", SettingKind.Integer),
        new("Limits:JsonDepth", SettingKind.Integer),
        new("Limits:JsonTokens", SettingKind.Integer),
        new("Limits:Messages", SettingKind.Integer),
        new("Limits:Parts", SettingKind.Integer),
        new("Limits:WriteStall", SettingKind.Duration),
        new("Limits:Images", SettingKind.Integer, "LLAVA_MAX_IMAGES"),
        new("Limits:ImageBytes", SettingKind.Bytes, "LLAVA_MAX_IMAGE_BYTES"),
        new("Limits:ImagePixels", SettingKind.Integer, "LLAVA_MAX_IMAGE_PIXELS"),
        new("Limits:ImageSide", SettingKind.Integer),
        new("Limits:TemplateSteps", SettingKind.Integer),
        new("Limits:TemplateBytes", SettingKind.Bytes),
        new("Limits:TokenizeBytes", SettingKind.Bytes),
        new("Limits:RequestTime", SettingKind.Duration, "LLAVA_REQUEST_TIMEOUT"),
        new("Images:DecodeSlots", SettingKind.Integer),
        new("Images:DecodeBytes", SettingKind.Bytes),
        new("Images:DecodeTime", SettingKind.Duration),
        new("Cache:ImageBytes", SettingKind.Bytes, "LLAVA_IMAGE_CACHE"),
        new("Cache:PrefixSequences", SettingKind.Integer),
        new("Security:Origins", SettingKind.Text, "LLAVA_ORIGINS", "OLLAMA_ORIGINS"),
        new("Security:AllowedHosts", SettingKind.Text, "LLAVA_ALLOWED_HOSTS"),
        new("Security:ApiKeys", SettingKind.Text, "LLAVA_API_KEYS"),
        new("Security:ApiKeysFile", SettingKind.Text, "LLAVA_API_KEYS_FILE"),
        new("Security:AllowRemoteManagement", SettingKind.Boolean, "LLAVA_ALLOW_REMOTE_MANAGEMENT"),
        new("OpenAI:StrictParameters", SettingKind.Boolean, "LLAVA_STRICT_PARAMETERS"),
        new("OpenAI:UnknownModelIsDefault", SettingKind.Boolean, "LLAVA_UNKNOWN_MODEL_IS_DEFAULT"),
        new("Web:ApiDocs", SettingKind.Boolean, "LLAVA_API_DOCS"),
        new("Logging:Level", SettingKind.LogLevel, "LLAVA_LOG_LEVEL", "OLLAMA_DEBUG"),
        new("Logging:Format", SettingKind.LogFormat, "LLAVA_LOG_FORMAT"),
        new("Shutdown:Delay", SettingKind.Duration, "LLAVA_SHUTDOWN_DELAY"),
        new("Shutdown:Grace", SettingKind.Duration, "LLAVA_SHUTDOWN_GRACE"),
    ];

    /// <summary>Names that would protect the server and that this version does not honour: it must not start as if it did.</summary>
    public static IReadOnlyList<string> Refused { get; } = ["LLAVA_TLS_CERT", "LLAVA_TLS_KEY"];

    /// <summary>Names that belong to the server and do nothing in this version, or are read elsewhere.</summary>
    public static IReadOnlyList<string> WithoutEffect { get; } = ["LLAVA_MODELS", "LLAVA_CONFIG", "LLAVA_API_KEY"];
}
