using System.Text.Json;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>A tool of a request. Outlives the body.</summary>
/// <param name="Tool">In the form of inference, an object of type function.</param>
/// <param name="SchemaPath">Where its schema stands in the request.</param>
internal readonly record struct RequestTool(JsonElement Tool, string SchemaPath);
