using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>JSON of the frames that are not steps.</summary>
[JsonSerializable(typeof(HelloMessage))]
[JsonSerializable(typeof(LoadMessage))]
[JsonSerializable(typeof(EngineInfo))]
[JsonSerializable(typeof(FailureMessage))]
internal sealed partial class HostingJson : JsonSerializerContext
{
    /// <summary>Throws <see cref="EngineProtocolException"/> for a payload that is not of this type.</summary>
    public static T Read<T>(in Frame frame, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(frame.Payload, type) ?? throw new EngineProtocolException($"{frame.Kind} without content");
        }
        catch (JsonException)
        {
            throw new EngineProtocolException($"{frame.Kind} with malformed content");
        }
    }

    public static void Send<T>(EngineChannel channel, FrameKind kind, uint serial, T message, JsonTypeInfo<T> type) =>
        channel.Send(kind, serial, JsonSerializer.SerializeToUtf8Bytes(message, type));
}
