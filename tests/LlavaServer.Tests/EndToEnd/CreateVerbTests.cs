using System.Text;
using System.Text.Json;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Modelfiles;
using LlavaServer.TestModels;

namespace LlavaServer.Tests.EndToEnd;

/// <summary><c>llava create</c> against the real server: a pair of files, a checkpoint, another model, and mistakes.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class CreateVerbTests : IAsyncLifetime
{
    private static readonly string s_bundled = Path.Combine(AppContext.BaseDirectory, "BundledModel");
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-create-");
    private ServerProcess? _server;

    public async ValueTask InitializeAsync() =>
        _server = await ServerProcess.StartAsync(new Dictionary<string, string> { ["LLAVA_MODELS"] = PathOf("store") }, "--threads", "2");

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Create_BundledPairQuantized_AnswersAndPrintsWhatItWasMadeOf()
    {
        foreach (var file in Directory.GetFiles(s_bundled, "*.gguf"))
        {
            File.Copy(file, PathOf(Path.GetFileName(file)));
        }

        File.WriteAllText(PathOf("Modelfile"), "FROM ./llava-mini.gguf\nFROM llava-mini-mmproj.gguf\nPARAMETER temperature 0\nPARAMETER num_predict 12\nPARAMETER low_vram true\nSYSTEM \"\"\"Say\n\"little\".\"\"\"\n");
        var errors = await RunAsync(0, "create", "mine", "-f", PathOf("Modelfile"), "-q", "q8_0");
        var lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("low_vram is deprecated", lines[0], StringComparison.Ordinal);
        Assert.Contains("hashing llava-mini.gguf 100 % of 4.5 MB", string.Join('\n', lines), StringComparison.Ordinal);
        Assert.Contains(lines, static line => line.StartsWith("uploading llava-mini-mmproj.gguf 100 % of", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.StartsWith("quantizing F16 model to Q8_0 100 % of", StringComparison.Ordinal));
        Assert.Equal("success", lines[^1]);

        // What the server has is not sent again.
        Assert.DoesNotContain("uploading", await RunAsync(0, "create", "mine", "-f", PathOf("Modelfile"), "--quantize", "Q8_0"), StringComparison.Ordinal);
        var show = await AskAsync("api/show", new { model = "mine" });
        Assert.Equal("Q8_0", show.GetProperty("details").GetProperty("quantization_level").GetString());
        var printed = Modelfile.Parse(show.GetProperty("modelfile").GetString()!);
        Assert.Equal("Say\n\"little\".", printed.Last(ModelfileInstructionKind.System));
        var picture = Convert.ToBase64String(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "EndToEnd", "Pictures", "circle-and-square.png")));
        object Question(string model) => new { model, prompt = "What color is the circle?", images = new[] { picture }, stream = false, options = new { temperature = 0 } };
        var answer = (await AskAsync("api/generate", Question("mine"))).GetProperty("response").GetString();
        Assert.NotEqual("", answer);

        // The printed Modelfile makes the same model again.
        File.WriteAllText(PathOf("Printed"), show.GetProperty("modelfile").GetString());
        await RunAsync(0, "create", "again", "-f", PathOf("Printed"));
        Assert.Equal(answer, (await AskAsync("api/generate", Question("again"))).GetProperty("response").GetString());
    }

    [Fact]
    public async Task Create_Adapter_IsApplied()
    {
        var bundled = Path.Combine(s_bundled, "llava-mini.gguf");
        RandomAdapter.Write(PathOf("strong.gguf"), bundled, rank: 8, alpha: 64, type: TensorType.F16);
        RandomAdapter.Write(PathOf("none.gguf"), bundled, rank: 8, alpha: 1e-12f);
        RandomAdapter.Write(PathOf("other.gguf"), bundled, alpha: 8, change: static writer => writer.AddTensor("blk.99.attn_q.weight.lora_a", [4, 4], new float[16]));
        foreach (var adapter in new[] { "strong", "none", "other" })
        {
            File.WriteAllText(PathOf("Modelfile"), $"FROM llava-mini\nADAPTER ./{adapter}.gguf\nPARAMETER temperature 0\nPARAMETER num_predict 12\n");
            await RunAsync(0, "create", adapter, "-f", PathOf("Modelfile"));
        }

        var plain = await AnswerAsync(_server!, "llava-mini");
        Assert.Equal(plain, await AnswerAsync(_server!, "none"));
        var tuned = await AnswerAsync(_server!, "strong");
        Assert.NotEqual(plain, tuned);
        var show = await AskAsync("api/show", new { model = "strong" });
        Assert.Contains("\nADAPTER ", show.GetProperty("modelfile").GetString(), StringComparison.Ordinal);
        File.WriteAllText(PathOf("Printed"), show.GetProperty("modelfile").GetString());
        await RunAsync(0, "create", "again", "-f", PathOf("Printed"));
        Assert.Equal(tuned, await AnswerAsync(_server!, "again"));

        using var client = new HttpClient { BaseAddress = _server!.Address };
        using var refused = await client.PostAsync("api/generate", new StringContent("""{"model":"other","prompt":"Hi"}""", Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        Assert.Contains("blk.99.attn_q.weight", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await using var child = await ServerProcess.StartAsync(new Dictionary<string, string> { ["LLAVA_MODELS"] = PathOf("store"), ["LLAVA_ENGINE_PROCESS"] = "child" }, "--threads", "2");
        Assert.Equal(tuned, await AnswerAsync(child, "strong"));

        static async Task<string> AnswerAsync(ServerProcess server, string model)
        {
            using var http = new HttpClient { BaseAddress = server.Address };
            var body = JsonSerializer.Serialize(new { model, prompt = "What color is the circle?", images = new[] { TestPicture.CircleAndSquare.Base64 }, stream = false, options = new { temperature = 0, num_predict = 12 } });
            using var response = await http.PostAsync("api/generate", new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(response.IsSuccessStatusCode, text);
            return JsonDocument.Parse(text).RootElement.GetProperty("response").GetString()!;
        }
    }

    [Fact]
    public async Task Create_AdapterAsPeftWritesIt_AsTheCheckpointWithItMerged()
    {
        var adapter = new PeftAdapter(rank: 4, alpha: 12);
        adapter.Write(PathOf("peft"));
        var checkpoint = new TinyCheckpoint();
        checkpoint.Write(PathOf("base"));
        adapter.MergeInto(checkpoint, scale: 3);
        checkpoint.Write(PathOf("merged"));
        File.WriteAllText(PathOf("Base"), "FROM ./base");
        File.WriteAllText(PathOf("Merged"), "FROM ./merged");
        File.WriteAllText(PathOf("Adapted"), "FROM base\nADAPTER ./peft");
        await RunAsync(0, "create", "base", "-f", PathOf("Base"), "-q", "F32");
        await RunAsync(0, "create", "merged", "-f", PathOf("Merged"), "-q", "F32");
        Assert.Contains("converting adapter 100 %", await RunAsync(0, "create", "adapted", "-f", PathOf("Adapted")), StringComparison.Ordinal);
        var (plain, merged, adapted) = (await LogProbabilitiesAsync("base"), await LogProbabilitiesAsync("merged"), await LogProbabilitiesAsync("adapted"));
        Assert.All(merged, pair => Assert.InRange(Math.Abs(pair.Value - adapted[pair.Key]), 0, 0.002));
        Assert.Contains(merged, pair => !plain.TryGetValue(pair.Key, out var value) || Math.Abs(pair.Value - value) > 0.1);

        async Task<Dictionary<string, double>> LogProbabilitiesAsync(string model)
        {
            var answer = await AskAsync("api/generate", new { model, prompt = "Hello there", raw = true, stream = false, logprobs = true, top_logprobs = 10, options = new { temperature = 0, num_predict = 1 } });
            return answer.GetProperty("logprobs")[0].GetProperty("top_logprobs").EnumerateArray().ToDictionary(static token => token.GetProperty("bytes").GetRawText(), static token => token.GetProperty("logprob").GetDouble());
        }
    }

    [Fact]
    public async Task Create_FolderOfACheckpoint_IsServed()
    {
        RealCheckpoint.WriteSmall(PathOf("llava-1.5-7b-hf"));
        File.WriteAllText(PathOf("Modelfile"), "FROM llava-1.5-7b-hf\nPARAMETER num_predict 3");
        await RunAsync(0, "create", "llava:hf", "-f", PathOf("Modelfile"));
        var answer = await AskAsync("api/generate", new { model = "llava:hf", prompt = "Hello", stream = false });
        Assert.Equal(3, answer.GetProperty("eval_count").GetInt32());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Q8_0")]
    public async Task Create_FolderOfAQwen2Checkpoint_IsServed(string quantize)
    {
        TinyQwen2Checkpoint.Write(PathOf("qwen2"));
        File.WriteAllText(PathOf("Modelfile"), "FROM qwen2\nPARAMETER num_predict 5\nPARAMETER temperature 0");
        await RunAsync(0, ["create", "qwen:tiny", "-f", PathOf("Modelfile"), .. quantize.Length > 0 ? ["-q", quantize] : (string[])[]]);
        var show = await AskAsync("api/show", new { model = "qwen:tiny", verbose = true });
        Assert.Equal(("qwen2", quantize.Length > 0 ? quantize : "F16"), (show.GetProperty("details").GetProperty("family").GetString(), show.GetProperty("details").GetProperty("quantization_level").GetString()));
        var info = show.GetProperty("model_info");
        Assert.Equal(("gpt2", "qwen2"), (info.GetProperty("tokenizer.ggml.model").GetString(), info.GetProperty("tokenizer.ggml.pre").GetString()));
        Assert.Equal(TinyQwen2Checkpoint.Rows, info.GetProperty("tokenizer.ggml.tokens").GetArrayLength());
        var tensors = show.GetProperty("tensors").EnumerateArray().Select(static tensor => tensor.GetProperty("name").GetString()).ToList();
        Assert.Contains("blk.1.attn_k.bias", tensors);
        Assert.DoesNotContain("output.weight", tensors);
        var tokens = await AskAsync("tokenize", new { model = "qwen:tiny", content = "hello w1" });
        Assert.Equal([TinyQwen2Checkpoint.Bytes + 3, TinyQwen2Checkpoint.Bytes + 4, '1'], tokens.GetProperty("tokens").EnumerateArray().Select(static token => token.GetInt32()));
        var answer = await AskAsync("api/chat", new { model = "qwen:tiny", messages = new[] { new { role = "user", content = "hello" } }, stream = false });
        Assert.InRange(answer.GetProperty("eval_count").GetInt32(), 1, 5);

        // <|im_start|>user, line end, the word, <|im_end|>, line end, <|im_start|>assistant, line end.
        Assert.Equal(1 + 4 + 1 + 1 + 1 + 1 + 1 + 9 + 1, answer.GetProperty("prompt_eval_count").GetInt32());
    }

    [Fact]
    public async Task Create_ByNpmOllama_ProgressResultAndErrorUnderstood()
    {
        var folder = await NodePackages.FolderAsync();
        var (code, output, errors) = await Tool.RunAsync(folder, "node", ["ollama-create.mjs", _server!.Address.ToString(), "llava-mini"]);
        Assert.True(code == 0, errors);
        var report = JsonElement.Parse(Encoding.UTF8.GetString(output));
        var statuses = report.GetProperty("statuses").EnumerateArray().Select(static status => status.GetString()!).ToList();
        Assert.Equal(("quantizing F16 model to Q8_0", "success"), (statuses[0], statuses[^1]));
        Assert.Equal("success", report.GetProperty("whole").GetString());
        var show = report.GetProperty("show");
        Assert.Equal(("Be brief.", "Q8_0"), (show.GetProperty("system").GetString(), show.GetProperty("details").GetProperty("quantization_level").GetString()));
        Assert.Contains("PARAMETER stop END\n", show.GetProperty("modelfile").GetString(), StringComparison.Ordinal);
        var error = report.GetProperty("error");
        Assert.Equal(("ResponseError", 400), (error.GetProperty("name").GetString(), error.GetProperty("status").GetInt32()));
        Assert.StartsWith("template error: ", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_Mistakes_EndAsTheySay()
    {
        await WrongAsync("FRIEND x", "(line 1): command must be one of");
        await WrongAsync("FROM ./nothing.gguf", "./nothing.gguf: there is no such file or folder.");
        await WrongAsync("FROM llava-mini\nPARAMETER warmth 1", "unknown parameter 'warmth'");
        await WrongAsync("FROM llava-mini\nPARAMETER temperature hot", "invalid float value [hot]");
        await WrongAsync("FROM llava-mini\nTEMPLATE {{ .System", "template error: ");
        await WrongAsync("FROM .", "no Modelfile or safetensors files found", folder: "empty");
        Assert.Contains("cannot be read", await RunAsync(2, "create", "x", "-f", PathOf("nowhere")), StringComparison.Ordinal);
    }

    private async Task WrongAsync(string text, string error, string folder = ".")
    {
        Directory.CreateDirectory(PathOf(folder));
        var path = Path.Combine(PathOf(folder), "Modelfile");
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        Assert.Contains(error, await RunAsync(2, "create", "x", "-f", path), StringComparison.Ordinal);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private async Task<JsonElement> AskAsync(string route, object question)
    {
        using var client = new HttpClient { BaseAddress = _server!.Address };
        using var content = new StringContent(JsonSerializer.Serialize(question), Encoding.UTF8, "application/json");
        using var response = await client.PostAsync(route, content, TestContext.Current.CancellationToken);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task<string> RunAsync(int exitCode, params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "llava.dll");
        var (code, _, errors) = await Tool.RunAsync(AppContext.BaseDirectory, "dotnet", [program, .. arguments, "--host", _server!.Address.Authority]);
        Assert.True(code == exitCode, $"{string.Join(' ', arguments)}: {code}\n{errors}");
        return errors.ReplaceLineEndings("\n");
    }
}
