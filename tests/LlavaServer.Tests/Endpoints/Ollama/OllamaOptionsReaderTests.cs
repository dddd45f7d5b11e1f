using LlavaServer.Endpoints;
using LlavaServer.Endpoints.Ollama;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class OllamaOptionsReaderTests
{
    [Fact]
    public void Read_NotGiven_OllamasDefaults()
    {
        var options = OllamaOptionsReader.Read(null);
        Assert.Equal((-1, null, -1L, 0.8f, 40), (options.NumPredict, options.NumCtx, options.Seed, options.Temperature, options.TopK));
        Assert.Equal((0.9f, 0f, 1f, 64), (options.TopP, options.MinP, options.TypicalP, options.RepeatLastN));
        Assert.Equal((1f, 0f, 0f), (options.RepeatPenalty, options.PresencePenalty, options.FrequencyPenalty));
        Assert.Empty(options.Stop);
        Assert.Empty(options.Ignored);
    }

    [Fact]
    public void Read_EveryOption_Taken()
    {
        var options = Read("""
            {"num_predict":7,"num_ctx":99,"seed":42,"temperature":0.5,"top_k":3,"top_p":0.4,"min_p":0.1,"typical_p":0.7,"repeat_last_n":-1,
             "repeat_penalty":1.1,"presence_penalty":-0.5,"frequency_penalty":0.25,"stop":["a","","b"]}
            """);
        Assert.Equal((7, 99, 42L, 0.5f, 3), (options.NumPredict, options.NumCtx, options.Seed, options.Temperature, options.TopK));
        Assert.Equal((0.4f, 0.1f, 0.7f, -1), (options.TopP, options.MinP, options.TypicalP, options.RepeatLastN));
        Assert.Equal((1.1f, -0.5f, 0.25f), (options.RepeatPenalty, options.PresencePenalty, options.FrequencyPenalty));
        Assert.Equal(["a", "b"], options.Stop);
    }

    [Theory]
    [InlineData("""{"num_predict":-2}""", -1)]
    [InlineData("""{"num_predict":-1}""", -1)]
    [InlineData("""{"num_predict":0}""", 0)]
    [InlineData("""{"num_predict":3.9}""", 3)]
    [InlineData("""{"num_predict":4e0}""", 4)]
    [InlineData("""{"num_predict":null}""", -1)]
    [InlineData("""{"num_predict":1e308}""", int.MaxValue)]
    [InlineData("""{"num_predict":9223372036854775808}""", int.MaxValue)]
    [InlineData("""{"NUM_PREDICT":5}""", 5)]
    public void Read_NumPredict_CutAndClamped(string json, int expected) => Assert.Equal(expected, Read(json).NumPredict);

    [Theory]
    [InlineData("""{"num_ctx":0}""", null)]
    [InlineData("""{"num_ctx":-5}""", null)]
    [InlineData("""{"num_ctx":4096.0}""", 4096)]
    [InlineData("""{"num_ctx":1e30}""", int.MaxValue)]
    public void Read_NumCtx_ZeroIsUnset(string json, int? expected) => Assert.Equal(expected, Read(json).NumCtx);

    [Theory]
    [InlineData("""{"top_k":-1}""", 0)]
    [InlineData("""{"top_k":2147483648}""", int.MaxValue)]
    public void Read_TopK_NegativeIsOff(string json, int expected) => Assert.Equal(expected, Read(json).TopK);

    [Theory]
    [InlineData("""{"top_p":1.5}""", 1f)]
    [InlineData("""{"top_p":-0.0}""", 0f)]
    [InlineData("""{"top_p":-3}""", 0f)]
    public void Read_TopP_NearerEnd(string json, float expected) => Assert.Equal(expected, Read(json).TopP);

    [Fact]
    public void Read_NegativeTemperature_Greedy() => Assert.Equal(0f, Read("""{"temperature":-1}""").Temperature);

    [Theory]
    [InlineData("temperature")]
    [InlineData("presence_penalty")]
    [InlineData("frequency_penalty")]
    [InlineData("repeat_penalty")]
    [InlineData("top_p")]
    [InlineData("min_p")]
    [InlineData("typical_p")]
    [InlineData("mirostat_tau")]
    [InlineData("mirostat_eta")]
    public void NET14_FloatBeyondRange_Refused(string name)
    {
        var failure = Assert.Throws<RequestException>(() => Read($$"""{"{{name}}":1e308}"""));
        Assert.Equal(400, failure.Status);
        Assert.StartsWith($"option \"{name}\" must be between ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("num_predict", "\"x\"", "integer")]
    [InlineData("seed", "true", "integer")]
    [InlineData("top_k", "[]", "integer")]
    [InlineData("num_gpu", "\"all\"", "integer")]
    [InlineData("temperature", "\"hot\"", "float32")]
    [InlineData("mirostat", "{}", "integer")]
    [InlineData("mirostat_tau", "\"x\"", "float32")]
    [InlineData("use_mmap", "1", "boolean")]
    [InlineData("stop", "\"word\"", "array")]
    public void Read_WrongType_OllamasText(string name, string value, string type)
    {
        var failure = Assert.Throws<RequestException>(() => Read($$"""{"{{name}}":{{value}}}"""));
        Assert.Equal((400, $"option \"{name}\" must be of type {type}"), (failure.Status, failure.Message));
    }

    [Fact]
    public void Read_StopOfOtherThings_Refused() =>
        Assert.Equal("option \"stop\" must be of an array of strings", Assert.Throws<RequestException>(() => Read("""{"stop":["a",1]}""")).Message);

    [Theory]
    [InlineData(16, 1024, true)]
    [InlineData(17, 1, false)]
    [InlineData(1, 1025, false)]
    public void LIM1_Stop_SixteenOfOneKibibyte(int count, int bytes, bool isAccepted)
    {
        var json = $$"""{"stop":[{{string.Join(',', Enumerable.Repeat($"\"{new string('x', bytes)}\"", count))}}]}""";
        if (isAccepted)
        {
            Assert.Equal(count, Read(json).Stop.Count);
        }
        else
        {
            Assert.Equal(400, Assert.Throws<RequestException>(() => Read(json)).Status);
        }
    }

    [Fact]
    public void Read_Mirostat_Honoured()
    {
        var options = Read("""{"mirostat":2.0,"mirostat_tau":3.5,"mirostat_eta":0.2}""");
        Assert.Equal((2, 3.5f, 0.2f), (options.Mirostat, options.MirostatTau, options.MirostatEta));
        Assert.Equal("option \"mirostat\" must be between 0 and 2", Assert.Throws<RequestException>(() => Read("""{"mirostat":3}""")).Message);
    }

    [Fact]
    public void Read_NeutralAndTechnical_Ignored()
    {
        var options = Read("""{"mirostat":0,"tfs_z":0.5,"num_gpu":99,"num_thread":8,"use_mmap":true,"invented":[1]}""");
        Assert.Equal(["num_gpu", "num_thread", "tfs_z", "use_mmap"], options.Ignored);
    }

    private static OllamaOptions Read(string json) => OllamaOptionsReader.Read(OllamaWire.Fields(json));
}
