using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Inference.Tests.Loading;

/// <summary>What a model brings along, in requests that leave it open.</summary>
public sealed class ModelDefaultsTests
{
    private static readonly ModelDefaults s_defaults = new()
    {
        System = "Be kind.",
        Messages = [new ChatMessage(ChatRole.User, [MessagePart.FromText("example")])],
    };

    [Theory]
    [InlineData(null, "Be kind.|example|Hi")]
    [InlineData(0, "Be kind.|Hi")]
    [InlineData(3, "Be kind.|Hi")]
    public void Complete_ConversationBefore_NoExamples(int? before, string expected)
    {
        var request = new GenerationRequest
        {
            Model = "eye",
            Before = before is { } count ? new int[count] : null,
            Messages = [new ChatMessage(ChatRole.User, [MessagePart.FromText("Hi")])],
        };
        Assert.Equal(expected, string.Join('|', s_defaults.Complete(request).Messages.Select(static message => message.Parts[0].Text)));
    }
}
