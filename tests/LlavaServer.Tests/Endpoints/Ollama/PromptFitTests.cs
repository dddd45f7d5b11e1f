using LlavaServer.Endpoints.Ollama;
using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class PromptFitTests
{
    [Fact]
    public void DropOldest_FewTokens_OneMessage() =>
        Assert.Equal(["system", "b", "c"], Texts(PromptFit.DropOldest([System, User("a"), User("b"), User("c")], 1)));

    [Fact]
    public void DropOldest_ManyTokens_AsFewAsCouldSuffice()
    {
        // 100 bytes and what a template writes around them are 108 tokens at most; 216 need two messages, 217 three.
        IReadOnlyList<ChatMessage> messages = [System, User(new string('a', 100)), User(new string('b', 100)), User(new string('c', 100)), User("d")];
        Assert.Equal(3, PromptFit.DropOldest(messages, 216)!.Count);
        Assert.Equal(2, PromptFit.DropOldest(messages, 217)!.Count);
    }

    [Fact]
    public void DropOldest_LateSystemMessage_Kept() => Assert.Equal(["system", "b"], Texts(PromptFit.DropOldest([User("a"), System, User("b")], 1)));

    [Fact]
    public void DropOldest_OnlySystemAndLast_Null() => Assert.Null(PromptFit.DropOldest([System, User("a")], 1));

    [Fact]
    public void DropOldest_Picture_TriedWithoutBeforeMore() =>
        Assert.Equal(["b", "c"], Texts(PromptFit.DropOldest([WithPicture, User("b"), User("c")], 10_000)));

    [Fact]
    public void Shorten_PictureAndSmallContext_ContextGrowsFirst()
    {
        var request = new GenerationRequest { Model = "eye", Messages = [User("a"), WithPicture], ContextLength = 2048, MaxTokens = 10 };
        var shorter = PromptFit.Shorten(request, TooLong(2100, 2048), mayDrop: true)!;
        Assert.Equal((2111, 2), (shorter.ContextLength, shorter.Messages.Count));
        Assert.Single(PromptFit.Shorten(shorter, TooLong(2100, 2100), mayDrop: true)!.Messages);
    }

    [Fact]
    public void Shorten_TruncateFalse_Null()
    {
        var request = new GenerationRequest { Model = "eye", Messages = [User("a"), User("b")] };
        Assert.Null(PromptFit.Shorten(request, TooLong(100, 50), mayDrop: false));
    }

    private static ChatMessage System { get; } = new(ChatRole.System, [MessagePart.FromText("system")]);

    private static ChatMessage WithPicture { get; } =
        new(ChatRole.User, [MessagePart.FromImage(new byte[] { 1 }, "messages[0].images[0]"), MessagePart.FromText("p")]);

    private static ChatMessage User(string text) => new(ChatRole.User, [MessagePart.FromText(text)]);

    private static IEnumerable<string?> Texts(IReadOnlyList<ChatMessage>? messages) => messages!.Select(static message => message.Parts[^1].Text);

    private static InferenceException TooLong(int prompt, int context) =>
        new(InferenceError.PromptTooLong, "too long") { PromptTokens = prompt, ContextLength = context };
}
