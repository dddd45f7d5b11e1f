namespace LlavaServer.Models.Tokenization;

/// <summary>
/// How a byte-level BPE vocabulary cuts text into words before merging, and what else its family brings along. Chosen by the name that the file
/// gives (<c>tokenizer.ggml.pre</c>); names and settings as in llama.cpp. Immutable, any thread.
/// </summary>
internal sealed class PreTokenizer
{
    private static readonly PreTokenizer Llama3 = new(Llama3Splitter.SplitLlama3) { IgnoresMerges = true, AddsBos = true };
    private static readonly PreTokenizer Llama3Words = new(Llama3Splitter.SplitLlama3);
    private static readonly PreTokenizer Qwen2 = new(Llama3Splitter.SplitQwen2);
    private static readonly PreTokenizer Gpt2 = new(Gpt2Splitter.Split);
    private static readonly PreTokenizer Default = new(DefaultSplitter.Split);

    private static readonly Dictionary<string, PreTokenizer> ByName = new(StringComparer.Ordinal)
    {
        [""] = Default,
        ["default"] = Default,
        ["llama3"] = Llama3,
        ["llama-v3"] = Llama3,
        ["llama-bpe"] = Llama3,
        ["falcon3"] = Llama3,
        ["falcon-h1"] = Llama3,
        ["pixtral"] = Llama3,
        ["midm-2.0"] = Llama3,
        ["lfm2"] = Llama3,
        ["dbrx"] = Llama3Words,
        ["smaug-bpe"] = Llama3Words,
        ["qwen2"] = Qwen2,
        ["deepseek-r1-qwen"] = Qwen2,
        ["kormo"] = Qwen2,
        ["megrez"] = Qwen2,
        ["stablelm2"] = Qwen2,
        ["hunyuan"] = Qwen2,
        ["solar-open"] = Qwen2,
        ["grok-2"] = Qwen2,
        ["gpt-2"] = Gpt2,
        ["phi-2"] = Gpt2,
        ["mpt"] = Gpt2,
        ["olmo"] = Gpt2,
        ["jais"] = Gpt2,
        ["exaone4"] = Gpt2,
        ["gigachat"] = Gpt2,
        ["trillion"] = Gpt2,
        ["granite-docling"] = Gpt2,
    };

    private readonly WordSplitter splitter;

    private PreTokenizer(WordSplitter splitter) => this.splitter = splitter;

    /// <summary>Whether a word that is a token is taken whole, even when its merges lead elsewhere.</summary>
    public bool IgnoresMerges { get; private init; }

    /// <summary>Whether a prompt begins with the begin token, unless the file says otherwise.</summary>
    public bool AddsBos { get; private init; }

    /// <summary>The pre-tokenizer of that name, or null; an empty name is the default.</summary>
    public static PreTokenizer? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Adds the end of each word of <paramref name="text"/> (code points).</summary>
    public void Split(ReadOnlySpan<int> text, List<int> ends) => splitter(text, 0, ends);
}
