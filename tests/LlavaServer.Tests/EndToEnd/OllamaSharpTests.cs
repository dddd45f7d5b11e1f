using System.Diagnostics;
using System.Text;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;
using OllamaSharp.Models.Exceptions;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>OllamaSharp against the running server.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class OllamaSharpTests(BundledServer bundled, EndlessServer endless)
{
    private static readonly RequestOptions Greedy = new() { Temperature = 0, NumPredict = 64 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListLocalModels_BundledModel_IsThere()
    {
        using var client = new OllamaApiClient(bundled.Address);
        var model = Assert.Single(await client.ListLocalModelsAsync(Token));
        Assert.Equal("llava-mini:latest", model.Name);
        Assert.InRange(model.Size, 1_000_000, 16_000_000);
        Assert.NotEqual("", await client.GetVersionAsync(Token));
        Assert.True(await client.IsRunningAsync(Token));
    }

    [Fact]
    public async Task KeepAlive_LoadStayUnload_ListRunningModelsShowsIt()
    {
        using var client = new OllamaApiClient(bundled.Address, BundledServer.Model);
        await SendAsync(client, "10m");
        var running = Assert.Single(await client.ListRunningModelsAsync(Token));
        Assert.Equal("llava-mini:latest", running.Name);
        Assert.InRange(running.Size, 1_000_000, 1L << 33);
        Assert.InRange((running.ExpiresAt.ToUniversalTime() - DateTime.UtcNow).TotalMinutes, 8, 10.2);
        await SendAsync(client, "-1");
        Assert.True(Assert.Single(await client.ListRunningModelsAsync(Token)).ExpiresAt > DateTime.UtcNow.AddYears(20));
        await SendAsync(client, "0");
        Assert.Empty(await client.ListRunningModelsAsync(Token));
        var answer = await ChatAsync(bundled.Address, BundledServer.Model, stream: true, new Message(ChatRole.User, "What shape is this?", [TestPicture.RedCircle.Base64]));
        Assert.NotEqual("", answer.Text);
        Assert.Single(await client.ListRunningModelsAsync(Token));

        static async Task SendAsync(OllamaApiClient client, string keepAlive)
        {
            await foreach (var _ in client.GenerateAsync(new GenerateRequest { Prompt = "", KeepAlive = keepAlive }, Token))
            {
            }
        }
    }

    [Theory]
    [MemberData(nameof(TestPicture.Places), MemberType = typeof(TestPicture))]
    public async Task Chat_PictureOfAnotherProgram_WholeEqualsStreamed(int place)
    {
        var picture = TestPicture.Single[place];
        var message = new Message(ChatRole.User, $"What color is the {picture.Shape}?", [picture.Base64]);
        var whole = await ChatAsync(bundled.Address, BundledServer.Model, stream: false, message);
        var streamed = await ChatAsync(bundled.Address, BundledServer.Model, stream: true, message);
        Assert.NotEqual("", whole.Text.Trim());
        Assert.Equal(whole.Text, streamed.Text);
        Assert.Equal(1, whole.Chunks);
        Assert.InRange(streamed.Chunks, 2, int.MaxValue);
        Assert.Equal("stop", streamed.Done.DoneReason);
        Assert.Equal(whole.Done.EvalCount, streamed.Done.EvalCount);
    }

    [Fact]
    public async Task Chat_SeveralTurns_KeepsThePicture()
    {
        var answer = await ChatAsync(
            bundled.Address, BundledServer.Model, stream: true,
            new Message(ChatRole.User, "What shape is in the picture?", [TestPicture.RedCircle.Base64]),
            new Message(ChatRole.Assistant, "It is a circle."),
            new Message(ChatRole.User, "What color is it?"));
        Assert.Contains("red", answer.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Generate_Picture_AnswersRight()
    {
        using var client = new OllamaApiClient(bundled.Address, BundledServer.Model);
        var text = new StringBuilder();
        var request = new GenerateRequest { Prompt = "What color is the circle?", Images = [TestPicture.RedCircle.Base64], Options = Greedy };
        await foreach (var piece in client.GenerateAsync(request, Token))
        {
            text.Append(piece!.Response);
        }

        Assert.Contains("red", text.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Chat_TruncatedPicture_Error400()
    {
        var error = await Assert.ThrowsAsync<OllamaException>(() => ChatAsync(
            endless.Address, EndlessServer.Model, stream: true, new Message(ChatRole.User, "What is this?", [TestPicture.Truncated.Base64])));
        Assert.Contains("messages[0].images[0]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_ClientLeaves_SlotIsFreeAtOnce()
    {
        using var client = new OllamaApiClient(endless.Address, EndlessServer.Model);
        using var leave = new CancellationTokenSource();
        var request = new ChatRequest
        {
            Model = EndlessServer.Model,
            Messages = [new Message(ChatRole.User, "Go on")],
            Options = new RequestOptions { Temperature = 0, NumPredict = -1, NumCtx = 16_384 },
        };
        var watch = Stopwatch.StartNew();
        await foreach (var piece in client.ChatAsync(Short(), Token))
        {
            Assert.NotNull(piece);
        }

        var undisturbed = watch.Elapsed;
        var pieces = 0;

        // The client ends its loop when it is cancelled, with or without an exception.
        await Record.ExceptionAsync(async () =>
        {
            await foreach (var piece in client.ChatAsync(request, leave.Token))
            {
                if (++pieces == 50)
                {
                    await leave.CancelAsync();
                }
            }
        });

        Assert.InRange(pieces, 50, 1_000);

        // The abandoned answer would go on for some 16,000 tokens, eighty times as long. .NET's own client reads on for two seconds before it closes.
        watch.Restart();
        await foreach (var piece in client.ChatAsync(Short(), Token))
        {
            Assert.NotNull(piece);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2) + (10 * undisturbed), $"took {watch.Elapsed}, undisturbed {undisturbed}");

        static ChatRequest Short() => new()
        {
            Model = EndlessServer.Model,
            Messages = [new Message(ChatRole.User, "Hello")],
            Options = new RequestOptions { Temperature = 0, NumPredict = 200, NumCtx = 16_384 },
        };
    }

    private static async Task<(string Text, int Chunks, ChatDoneResponseStream Done)> ChatAsync(Uri address, string model, bool stream, params Message[] messages)
    {
        using var client = new OllamaApiClient(address, model);
        var text = new StringBuilder();
        var chunks = 0;
        ChatDoneResponseStream? done = null;
        await foreach (var piece in client.ChatAsync(new ChatRequest { Model = model, Messages = messages, Stream = stream, Options = Greedy }, Token))
        {
            text.Append(piece!.Message.Content);
            chunks++;
            done = piece as ChatDoneResponseStream ?? done;
        }

        return (text.ToString(), chunks, done!);
    }
}
