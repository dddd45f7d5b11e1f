using LlavaServer.Endpoints;

namespace LlavaServer.Edge;

/// <summary>
/// Refuses requests whose end two servers could see at different places: any transfer coding but exactly <c>chunked</c>, and a length beside it.
/// Kestrel lets <c>gzip, chunked</c> pass, and moves a length beside <c>chunked</c> to another header.
/// </summary>
internal sealed class FramingGuard(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        var coding = headers.TransferEncoding;
        if (coding.Count == 0)
        {
            return next(context);
        }

        if (coding.Count == 1 && coding[0]!.Equals("chunked", StringComparison.OrdinalIgnoreCase) && !headers.ContainsKey("X-Content-Length")
            && headers.ContentLength is null)
        {
            return next(context);
        }

        throw new RequestException(400, "invalid_value", "Transfer-Encoding must be exactly 'chunked', without Content-Length.") { BodyIsBroken = true };
    }
}
