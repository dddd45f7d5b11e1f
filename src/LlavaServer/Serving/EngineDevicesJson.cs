using System.Text.Json.Serialization;

namespace LlavaServer.Serving;

/// <summary>What <c>llava devices</c> prints.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EngineDevices))]
internal sealed partial class EngineDevicesJson : JsonSerializerContext;
