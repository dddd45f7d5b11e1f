using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>One message of a request; its pictures are still text of the body.</summary>
internal sealed record RequestMessage(ChatRole Role, IReadOnlyList<RequestPart> Parts);
