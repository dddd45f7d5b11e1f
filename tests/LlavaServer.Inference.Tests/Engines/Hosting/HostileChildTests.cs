using System.Buffers.Binary;
using System.Net.Sockets;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Engines.Hosting;
using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

/// <summary>An engine process that is broken or taken over: every frame that it can send ends in one proper failure, and it is killed.</summary>
public sealed class HostileChildTests : IDisposable
{
    private static readonly ModelFiles Files = new("model.gguf", null);
    private readonly QuietEngine _quiet = new();

    public static TheoryData<string> BadHellos => ["protocol", "build", "process", "channel", "twice", "json", "kind", "silence"];

    public static TheoryData<string> BadLoads =>
        ["progress", "progress length", "vocabulary", "width", "rows", "sequences", "name", "vision", "null", "kind", "failure", "failure text", "hang up"];

    public static TheoryData<string> BadSteps =>
    [
        "kind", "serial", "pong", "status", "count", "short", "failure", "hang up",
    ];

    public static TheoryData<string> BadPictures => ["rows", "short", "cancelled", "not finite", "serial", "kind", "no map", "hang up"];

    [Theory]
    [MemberData(nameof(BadHellos))]
    public void MEM10_Hello_Hostile_LoadFails(string how)
    {
        var factory = ScriptedChild.Raw(path =>
        {
            using var first = Connected(path);
            using var second = Connected(path);
            var hello = new HelloMessage(HelloMessage.CurrentProtocol, HelloMessage.CurrentBuild, Environment.ProcessId, ChannelKind.Steps);
            hello = how switch
            {
                "protocol" => hello with { Protocol = 99 },
                "build" => hello with { Build = Guid.NewGuid() },
                "process" => hello with { ProcessId = hello.ProcessId + 1 },
                "channel" => hello with { Channel = (ChannelKind)77 },
                _ => hello,
            };
            switch (how)
            {
                case "json":
                    first.Send(FrameKind.Hello, 0, "{\"Protocol\":\"one"u8);
                    break;
                case "kind":
                    first.Send(FrameKind.Stepped, 0, new byte[8]);
                    break;
                case "silence":
                    return;
                default:
                    HostingJson.Send(first, FrameKind.Hello, 0, hello, HostingJson.Default.HelloMessage);
                    HostingJson.Send(second, FrameKind.Hello, 0, hello, HostingJson.Default.HelloMessage);
                    break;
            }

            Drain(first);
        });
        var failure = Assert.Throws<InferenceException>(() => factory.Load(Files, QuietEngine.Options, null, CancellationToken.None));
        Assert.Equal((InferenceError.ModelLoadFailed, true), (failure.Error, failure.EngineDied));
        Assert.StartsWith("The engine process ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BadLoads))]
    public void MEM10_Load_Hostile_LoadFailsAndChildIsKilled(string how)
    {
        ScriptedChild? child = null;
        var factory = ScriptedChild.Playing(
            connections =>
            {
                var steps = connections.Steps;
                steps.Receive(FrameKind.Load, 0);
                var info = _quiet.Info;
                info = how switch
                {
                    "vocabulary" => info with { VocabularySize = int.MaxValue },
                    "width" => info with { EmbeddingWidth = -1 },
                    "rows" => info with { MaxBatchRows = 1_000_000 },
                    "sequences" => info with { SequenceCount = 1_000_000 },
                    "name" => info with { EngineName = "a\nb" },
                    "vision" => info with { Vision = info.Vision! with { RowsPerImage = int.MaxValue } },
                    _ => info,
                };
                switch (how)
                {
                    case "progress":
                        var payload = new byte[8];
                        BinaryPrimitives.WriteDoubleLittleEndian(payload, double.NaN);
                        steps.Send(FrameKind.Progress, 0, payload);
                        break;
                    case "progress length":
                        steps.Send(FrameKind.Progress, 0, new byte[3]);
                        break;
                    case "null":
                        steps.Send(FrameKind.Loaded, 0, "null"u8);
                        break;
                    case "kind":
                        steps.Send(FrameKind.Stepped, 0, new byte[8]);
                        break;
                    case "failure":
                        HostingJson.Send(steps, FrameKind.Failed, 0, new FailureMessage((InferenceError)99, "x", false), HostingJson.Default.FailureMessage);
                        break;
                    case "failure text":
                        var text = new FailureMessage(InferenceError.Unsupported, "a\u001b[2J", false);
                        HostingJson.Send(steps, FrameKind.Failed, 0, text, HostingJson.Default.FailureMessage);
                        break;
                    case "hang up":
                        return;
                    default:
                        HostingJson.Send(steps, FrameKind.Loaded, 0, info, HostingJson.Default.EngineInfo);
                        break;
                }

                Drain(steps);
            },
            started => child = started);
        var progress = new Progress<double>();
        var failure = Assert.Throws<InferenceException>(() => factory.Load(Files, QuietEngine.Options, progress, CancellationToken.None));
        Assert.Equal(InferenceError.ModelLoadFailed, failure.Error);
        child!.Join();
        Assert.True(child.IsKilled);
    }

    [Theory]
    [MemberData(nameof(BadSteps))]
    public void MEM10_Step_Hostile_EngineFailedAndChildIsKilled(string how)
    {
        ScriptedChild? child = null;
        var factory = ScriptedChild.Playing(connections => Misbehave(Loaded(connections), how), started => child = started);
        using var engine = factory.Load(Files, QuietEngine.Options, null, CancellationToken.None);
        var batch = new Batch(8);
        batch.AddToken(new SequenceId(0), 0, 1, true);
        var failure = Assert.Throws<InferenceException>(() => engine.Decode(batch));
        Assert.Equal((InferenceError.EngineFailed, true), (failure.Error, failure.EngineDied));
        Assert.Throws<ArgumentException>(() => { _ = engine.Logits(0).Length; });
        Assert.Equal(failure.Message, Assert.Throws<InferenceException>(() => engine.Decode(batch)).Message);
        child!.Join();
        Assert.True(child.IsKilled);
    }

    [Theory]
    [MemberData(nameof(BadPictures))]
    public void MEM10_Encode_Hostile_EngineFailedAndChildIsKilled(string how)
    {
        ScriptedChild? child = null;
        var factory = ScriptedChild.Playing(connections => MisbehaveInVision(connections, how), started => child = started);
        using var engine = factory.Load(Files, QuietEngine.Options, null, CancellationToken.None);
        var picture = new RgbImage(1, 1, [1, 2, 3]);
        var turns = new ComputeTurns(TimeProvider.System);
        var failure = Assert.Throws<InferenceException>(() => engine.Vision!.Encode(picture, turns, CancellationToken.None));
        Assert.Equal((InferenceError.EngineFailed, true), (failure.Error, failure.EngineDied));
        Assert.False(turns.HasWork);
        child!.Join();
        Assert.True(child.IsKilled);
    }

    [Fact]
    public void MEM10_Frames_RandomBytes_OnlyProtocolErrors()
    {
        var random = new Random(3);
        for (var i = 0; i < 20_000; i++)
        {
            var payload = new byte[random.Next(64)];
            random.NextBytes(payload);
            for (var zeros = random.Next(payload.Length + 1); zeros > 0; zeros--)
            {
                payload[random.Next(payload.Length)] = 0;
            }

            Attempt(() => MapFrame.Read(new Frame(FrameKind.Map, 0, payload)));
            Attempt(() => EncodeFrame.Read(new Frame(FrameKind.Encode, 0, payload)));
            Attempt(() => StepFrame.Read(new Frame(FrameKind.Step, 0, payload), 64, out _, out _, out _));
            Attempt(() => HostingJson.Read(new Frame(FrameKind.Loaded, 0, payload), HostingJson.Default.EngineInfo));
        }
    }

    [Fact]
    public void MEM10_Blocks_WrongLength_NotMapped()
    {
        using var folder = EngineFolder.Create();
        using var block = folder.CreateBlock(4096);
        Assert.Throws<EngineProtocolException>(() => SharedBlock.Open(block.Path, 8192));
        Assert.Throws<EngineProtocolException>(() => SharedBlock.Open(block.Path, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => block.Slice<float>(4092, 2).Clear());
        Assert.Throws<ArgumentOutOfRangeException>(() => block.Slice<byte>(-1, 1).Clear());
        Assert.Throws<ArgumentOutOfRangeException>(() => block.Slice<byte>(0, -1).Clear());
        Assert.Throws<ArgumentOutOfRangeException>(() => block.Slice<long>(long.MaxValue, 1).Clear());
    }

    public void Dispose() => _quiet.Dispose();

    private static void Attempt(Action read)
    {
        try
        {
            read();
        }
        catch (EngineProtocolException)
        {
            // The only way to fail.
        }
    }

    private static EngineChannel Connected(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return new EngineChannel(socket);
    }

    private static void Drain(EngineChannel channel)
    {
        while (true)
        {
            channel.Receive();
        }
    }

    private EngineConnections Loaded(EngineConnections connections)
    {
        connections.Steps.MaxPayload = 1 << 20;
        connections.Steps.Receive(FrameKind.Load, 0);
        HostingJson.Send(connections.Steps, FrameKind.Loaded, 0, _quiet.Info, HostingJson.Default.EngineInfo);
        return connections;
    }

    private static void Misbehave(EngineConnections connections, string how)
    {
        var steps = connections.Steps;
        var map = steps.Receive(FrameKind.Map, 1);
        var (_, rows, path) = MapFrame.Read(map);
        using var block = SharedBlock.Open(path, rows * QuietEngine.Vocabulary * sizeof(float));
        steps.Send(FrameKind.Mapped, map.Serial, []);
        var serial = steps.Receive(FrameKind.Step, 2).Serial;
        byte[] done = [0, 0, 0, 0, 1, 0, 0, 0];
        switch (how)
        {
            case "kind":
                steps.Send((FrameKind)500, serial, done);
                break;
            case "serial":
                steps.Send(FrameKind.Stepped, serial + 1, done);
                break;
            case "pong":
                steps.Send(FrameKind.Pong, serial, []);
                break;
            case "status":
                steps.Send(FrameKind.Stepped, serial, [7, 0, 0, 0, 1, 0, 0, 0]);
                break;
            case "count":
                steps.Send(FrameKind.Stepped, serial, [0, 0, 0, 0, 0, 1, 0, 0]);
                break;
            case "short":
                steps.Send(FrameKind.Stepped, serial, [0]);
                break;
            case "failure":
                steps.Send(FrameKind.Failed, serial, "[1,2]"u8);
                break;
            default:
                return;
        }

        Drain(steps);
    }

    private void MisbehaveInVision(EngineConnections connections, string how)
    {
        var vision = Loaded(connections).Vision;
        var frame = vision.Receive(FrameKind.Encode, 1);
        var (_, _, length, path) = EncodeFrame.Read(frame);
        var serial = frame.Serial;
        using var block = SharedBlock.Open(path, length);
        block.Slice<float>(0, 4 * QuietEngine.Width).Fill(1);
        if (how == "no map")
        {
            vision.Send(FrameKind.Encoded, serial, [4, 0, 0, 0]);
            Drain(vision);
        }

        vision.Send(FrameKind.Mapped, serial, []);
        switch (how)
        {
            case "rows":
                vision.Send(FrameKind.Encoded, serial, [255, 255, 255, 127]);
                break;
            case "short":
                vision.Send(FrameKind.Encoded, serial, [4]);
                break;
            case "cancelled":
                vision.Send(FrameKind.Cancelled, serial, []);
                break;
            case "not finite":
                block.Slice<float>(4, 1)[0] = float.NaN;
                vision.Send(FrameKind.Encoded, serial, [4, 0, 0, 0]);
                break;
            case "serial":
                vision.Send(FrameKind.Encoded, serial + 1, [4, 0, 0, 0]);
                break;
            case "kind":
                vision.Send(FrameKind.Loaded, serial, "{}"u8);
                break;
            default:
                return;
        }

        Drain(vision);
    }
}
