using System.Text.Json;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Run;

namespace LlavaServer.Tests.Cli.Run;

public sealed class ChatTests
{
    [Fact]
    public void ToRequest_SystemPicturesParametersFormat_AsAChatCompletion()
    {
        var chat = new Chat { Model = "m", System = "Be brief.", Format = AnswerFormat.Read("json") };
        foreach (var parameter in (string[])["temperature=0.5", "num_predict=7", "stop=A", "stop=B", "SEED=3"])
        {
            chat.Parameters.Set(parameter);
        }

        chat.Ask("What?", [new PictureFile("data:image/png;base64,AA==", "a.png (1x1)")]);
        chat.Answered("A cat.");
        chat.Ask("Sure?", []);
        Assert.Equal(
            """{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},{"type":"text","text":"What?"}]},{"role":"assistant","content":"A cat."},{"role":"user","content":"Sure?"}],"stream":true,"stream_options":{"include_usage":true},"return_progress":true,"temperature":0.5,"max_tokens":7,"stop":["A","B"],"seed":3,"response_format":{"type":"json_object"}}""",
            chat.ToRequest().ToJsonString());
        Assert.Equal("""{"temperature":0.5,"num_predict":7,"stop":["A","B"],"seed":3}""", chat.Parameters.ToOptions().ToJsonString());
        Assert.Equal("""[{"role":"user","content":"What?"},{"role":"assistant","content":"A cat."},{"role":"user","content":"Sure?"}]""", chat.TextMessages.ToJsonString());
        chat.TakeBack(0);
        Assert.Equal(["a.png (1x1)"], chat.PictureLabels);
    }

    [Theory]
    [InlineData("temperature", "--param must be name=value, not 'temperature'.")]
    [InlineData("temperature=hot", "temperature must be a number, not 'hot'.")]
    [InlineData("top_k=1.5", "top_k must be a whole number, not '1.5'.")]
    [InlineData("warmth=1", "warmth is no parameter; there are temperature, ")]
    public void Parameters_Wrong_ToldAndWrongUsage(string assignment, string message)
    {
        var failure = Assert.Throws<VerbException>(() => new ModelParameters().Set(assignment));
        Assert.StartsWith(message, failure.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.WrongUsage, failure.ExitCode);
    }

    [Theory]
    [InlineData("""{"phase":"queued","position":3,"length":4}""", "waiting: 3 of 4 in line")]
    [InlineData("""{"phase":"loading","done":45,"total":100}""", "loading the model, 45 %")]
    [InlineData("""{"phase":"encoding","image":1,"images":2,"done":0,"total":2}""", "looking at image 1 of 2")]
    [InlineData("""{"phase":"prefill","done":80,"total":100}""", "reading, 80 %")]
    public void O15_Progress_InWordsAndGoneBeforeTheText(string progress, string words)
    {
        var screen = new StringWriter();
        var line = new StatusLine(screen, isShown: true);
        line.Show(JsonElement.Parse(progress));
        line.Show(JsonElement.Parse("""{"phase":"decode"}"""));
        line.Remove();
        line.Remove();
        Assert.Equal($"\r\u001b[K{words}\r\u001b[K", screen.ToString());
        new StatusLine(screen, isShown: false).Show(JsonElement.Parse(progress));
        Assert.EndsWith($"{words}\r\u001b[K", screen.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/bye", true)]
    [InlineData("  /set format json", true)]
    [InlineData("/home/me/a.png what is this?", false)]
    [InlineData("/byebye", false)]
    [InlineData("what is /bye", false)]
    public void O12_FirstWord_DecidesWhatIsACommand(string line, bool isCommand) => Assert.Equal(isCommand, ChatCommands.IsCommand(line));
}
