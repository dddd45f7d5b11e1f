using LlavaServer.Logging;

namespace LlavaServer.Edge;

/// <summary>
/// Outermost step of every request: its id, the headers that every answer carries, and its log line at the end.
/// </summary>
internal sealed class RequestMiddleware(RequestDelegate next, RequestLog log)
{
    private static readonly string Server = $"LlavaServer/{ProductVersion.Short}";

    public async Task InvokeAsync(HttpContext context)
    {
        var record = new RequestRecord { RequestId = RequestIds.Of(context.Request) };
        context.Features.Set(record);
        var headers = context.Response.Headers;
        headers["x-request-id"] = record.RequestId;
        headers.Server = Server;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        try
        {
            await next(context);
        }
        finally
        {
            log.Write(context, record);
        }
    }
}
