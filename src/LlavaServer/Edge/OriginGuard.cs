using LlavaServer.Endpoints;

namespace LlavaServer.Edge;

/// <summary>
/// Keeps foreign pages out before a body is read (forms and texts need no preflight), answers preflights, and tells allowed pages that they may read.
/// </summary>
internal sealed class OriginGuard(RequestDelegate next, OriginRules rules)
{
    private const string Exposed = "x-request-id, request-id, retry-after, llava-ignored-params, llava-queue-position";

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        var headers = context.Response.Headers;
        var origin = request.Headers.Origin.ToString();
        headers.Vary = "Origin";
        if (origin.Length > 0)
        {
            if (!rules.Allows(origin, request.Host))
            {
                throw Refused();
            }

            headers.AccessControlAllowOrigin = origin;
            headers.AccessControlExposeHeaders = Exposed;
        }
        else if (request.Headers["Sec-Fetch-Site"] == "cross-site" && !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            throw Refused();
        }

        if (!HttpMethods.IsOptions(request.Method))
        {
            return next(context);
        }

        headers.AccessControlAllowMethods = "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS";
        headers.AccessControlMaxAge = "600";
        if (request.Headers.AccessControlRequestHeaders is [{ Length: <= 4096 } requested] && requested.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or ',' or ' ' or '_'))
        {
            headers.AccessControlAllowHeaders = requested;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static RequestException Refused() =>
        new(403, "origin_not_allowed", "Pages of this origin may not call this server (Security:Origins).");
}
