using System.Text;
using LlavaServer.Models.Modelfiles;
using Kind = LlavaServer.Models.Modelfiles.ModelfileInstructionKind;

namespace LlavaServer.Models.Tests.Modelfiles;

public sealed class ModelfileTests
{
    private const string Commands = "command must be one of \"from\", \"license\", \"template\", \"system\", \"adapter\", \"draft\", \"renderer\", \"parser\", \"parameter\", \"message\", or \"requires\"";

    [Fact]
    public void Parse_EveryInstruction_InOrderWithItsLine()
    {
        var file = Modelfile.Parse(
            """
            # a comment " with a quote
              FROM ./model.gguf

            from mmproj.gguf   # no comment here
            Parameter temperature 0.2
            PARAMETER	stop   <|im_end|>
            TEMPLATE "{{ .System }}
            USER: "{{ .Prompt }}" said
            ASSISTANT: "
            SYSTEM You are "Bob".
            MESSAGE user Hi # there
            MESSAGE assistant "Hello"
            ADAPTER a
            DRAFT d
            RENDERER r
            PARSER p
            REQUIRES 0.14.0
            LICENSE the end
            """u8);
        ModelfileInstruction[] expected =
        [
            new(Kind.From, "./model.gguf", null, 2), new(Kind.From, "mmproj.gguf   # no comment here", null, 4),
            new(Kind.Parameter, "0.2", "temperature", 5), new(Kind.Parameter, "<|im_end|>", "stop", 6),
            new(Kind.Template, "{{ .System }}\nUSER: \"{{ .Prompt }}\" said\nASSISTANT: ", null, 7),
            new(Kind.System, "You are \"Bob\".", null, 10), new(Kind.Message, "Hi # there", "user", 11), new(Kind.Message, "Hello", "assistant", 12),
            new(Kind.Adapter, "a", null, 13), new(Kind.Draft, "d", null, 14), new(Kind.Renderer, "r", null, 15), new(Kind.Parser, "p", null, 16),
            new(Kind.Requires, "0.14.0", null, 17), new(Kind.License, "the end", null, 18),
        ];
        Assert.Equal(expected, file.Instructions);
        Assert.Equal("mmproj.gguf   # no comment here", file.Last(Kind.From));
    }

    [Theory]
    [InlineData("FROM x\nSYSTEM \"\"\"a\n\"b\"\nc\"\"\"\n", "a\n\"b\"\nc")]
    [InlineData("FROM x\nSYSTEM \"\"\"a \"\"\" b\"\"\"\t \nPARSER p", "a \"\"\" b")]
    [InlineData("FROM x\nSYSTEM \"a\"b\nc\"", "a\"b\nc")]
    [InlineData("FROM x\nSYSTEM \" a \"", " a ")]
    [InlineData("FROM x\nSYSTEM   a b  \n", "a b")]
    [InlineData("FROM x\rSYSTEM a\rPARSER p", "a")]
    [InlineData("FROM x\r\nSYSTEM \"a\r\nb\"\r\n", "a\r\nb")]
    [InlineData("FROM x\nSYSTEM \"\"\nPARSER p", "")]
    [InlineData("FROM x\nSYSTEM \"\"\"\"\"\"", "")]
    [InlineData("FROM x\nSYSTEM \"\n\n\nb\n\n\"", "\n\n\nb\n\n")]
    [InlineData("FROM x\nSYSTEM  \nPARSER p", "")]
    [InlineData("FROM x\nSYSTEM it's \"\n", "it's \"")]
    public void Parse_Values_EndByTheRule(string text, string system) => Assert.Equal(system, Modelfile.Parse(text).Last(Kind.System));

    [Theory]
    [InlineData("", "no FROM line")]
    [InlineData("# FROM x", "no FROM line")]
    [InlineData("SYSTEM x", "no FROM line")]
    [InlineData("FROM x\n\nFRIEND y", "(line 3): " + Commands)]
    [InlineData("FROM x\r\nFROM-y z", "(line 2): " + Commands)]
    [InlineData("FROM\nx", "(line 1): " + Commands)]
    [InlineData("FROM x\n0 y", "(line 2): " + Commands)]
    [InlineData("FROM x\nMESSAGE tool y", "(line 2): message role must be one of \"system\", \"user\", or \"assistant\"")]
    [InlineData("FROM x\nMESSAGE User y", "(line 2): message role must be one of \"system\", \"user\", or \"assistant\"")]
    [InlineData("FROM x\nPARAMETER stop\n", "(line 2): unexpected EOF")]
    [InlineData("FROM x\nPARAMETER a-b c\n", "(line 2): unexpected EOF")]
    [InlineData("FROM x\nSYSTEM \"a\nb", "unexpected EOF")]
    [InlineData("FROM x\nSYSTEM \"\"\"a\"\n\"\"", "unexpected EOF")]
    [InlineData("FROM x\nSYSTEM \"", "unexpected EOF")]
    [InlineData("FROM", "unexpected EOF")]
    public void Parse_Mistakes_OllamasTexts(string text, string error) => Assert.Equal(error, Assert.Throws<ModelfileException>(() => Modelfile.Parse(text)).Message);

    [Fact]
    public void Parse_Encodings_TheSameText()
    {
        const string text = "FROM x\nSYSTEM \"Grüße, 世界\n\U0001F999\"\n";
        foreach (var encoding in (Encoding[])[new UTF8Encoding(false), new UTF8Encoding(true), Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            Assert.Equal("Grüße, 世界\n\U0001F999", Modelfile.Parse((byte[])[.. encoding.GetPreamble(), .. encoding.GetBytes(text)]).Last(Kind.System));
        }

        Assert.Contains("UTF-8", Assert.Throws<ModelfileException>(() => Modelfile.Parse((byte[])[(byte)'F', 0xC3])).Message, StringComparison.Ordinal);
        Assert.Contains("more than", Assert.Throws<ModelfileException>(() => Modelfile.Parse(new byte[Modelfile.MaxBytes + 1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ManyEmptyLines_InLinearTime()
    {
        var lines = new string('\n', Modelfile.MaxBytes - 100);
        var watch = TimeProvider.System.GetTimestamp();
        Assert.Throws<ModelfileException>(() => Modelfile.Parse("FROM x\nSYSTEM \"" + lines));
        Assert.True(TimeProvider.System.GetElapsedTime(watch) < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void ToString_Values_QuotedOnlyWhereALineCannotHoldThem()
    {
        var file = new Modelfile(
        [
            new(Kind.From, "llava:7b"), new(Kind.System, "say \"hi\""), new(Kind.System, " a"), new(Kind.System, "a\nb"), new(Kind.System, "a\n\"b\""),
            new(Kind.Parameter, "USER:", "stop"), new(Kind.Parameter, "\n", "stop"), new(Kind.Message, "x\ny", "user"),
        ]);
        Assert.Equal(
            "FROM llava:7b\nSYSTEM say \"hi\"\nSYSTEM \" a\"\nSYSTEM \"a\nb\"\nSYSTEM \"\"\"a\n\"b\"\"\"\"\nPARAMETER stop USER:\nPARAMETER stop \"\n\"\nMESSAGE user \"x\ny\"\n",
            file.ToString());
    }

    [Fact]
    public void ToString_RandomTexts_ReadBackTheSame()
    {
        var random = new Random(7);
        const string letters = "ab\"#\n\r \té\U0001F999";
        for (var round = 0; round < 2_000; round++)
        {
            string Text() => string.Concat(Enumerable.Range(0, random.Next(9)).Select(_ => letters[random.Next(8)]));
            var instructions = new List<ModelfileInstruction> { new(Kind.From, "x") };
            for (var i = random.Next(4); i >= 0; i--)
            {
                instructions.Add(random.Next(3) switch
                {
                    0 => new(Kind.System, Text()),
                    1 => new(Kind.Parameter, Text(), "stop"),
                    _ => new(Kind.Message, Text(), "user"),
                });
            }

            // Of all texts only those cannot be written that have a whole mark at the end of a line.
            if (instructions.Exists(static instruction => instruction.Value.ReplaceLineEndings("\n").Split('\n').Any(static line => line.TrimEnd().EndsWith("\"\"\"", StringComparison.Ordinal))))
            {
                continue;
            }

            var again = Modelfile.Parse(new Modelfile(instructions).ToString()).Instructions.Select(static instruction => instruction with { Line = 0 });
            Assert.Equal(instructions, again);
        }
    }

    [Fact]
    public void Parse_RandomBytes_OnlyItsOwnException()
    {
        var random = new Random(3);
        var whole = "FROM x\nPARAMETER stop \"a\nb\"\nMESSAGE user \"\"\"hi\"\"\"\n# c\nSYSTEM y"u8.ToArray();
        for (var round = 0; round < 5_000; round++)
        {
            var bytes = whole[..random.Next(whole.Length + 1)];
            for (var change = random.Next(5); change > 0 && bytes.Length > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                Modelfile.Parse(bytes);
            }
            catch (ModelfileException failure)
            {
                Assert.DoesNotContain('\n', failure.Message);
            }
        }
    }

    [Fact]
    public void Parameters_ByTheirTypes_LastOneCountsAndStopsAccumulate()
    {
        var deprecated = new List<string>();
        var options = ModelfileParameters.Read(
            Modelfile.Parse("FROM x\nPARAMETER stop a\nPARAMETER temperature 1\nPARAMETER temperature 0.25\nPARAMETER num_ctx 4096\nPARAMETER use_mmap f\nPARAMETER stop \" \"\nPARAMETER low_vram 1"),
            deprecated);
        Assert.Equal("""{"stop":["a"," "],"temperature":0.25,"num_ctx":4096,"use_mmap":false}""", options.ToJsonString());
        Assert.Equal(["low_vram"], deprecated);
    }

    [Theory]
    [InlineData("temprature 1", "unknown parameter 'temprature'")]
    [InlineData("num_ctx 4096.0", "invalid int value [4096.0]")]
    [InlineData("temperature hot", "invalid float value [hot]")]
    [InlineData("temperature NaN", "invalid float value [NaN]")]
    [InlineData("use_mmap yes", "invalid bool value [yes]")]
    public void Parameters_Mistakes_OllamasTexts(string line, string error) => Assert.Equal(
        error, Assert.Throws<ModelfileException>(() => ModelfileParameters.Read(Modelfile.Parse($"FROM x\nPARAMETER {line}"), [])).Message);
}
