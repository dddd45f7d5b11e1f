using LlavaServer.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace LlavaServer.Page;

/// <summary>
/// Answers the chat page, its files and its settings. Runs before routes and their keys: nothing here is anybody's data. The page itself goes to whoever
/// asks for HTML; other callers of <c>/</c> get the answer of the Ollama API.
/// </summary>
internal sealed class PageMiddleware
{
    private const string SettingsPath = "/ui.json";

    private readonly RequestDelegate _next;
    private readonly PageFiles _files;
    private readonly PageFile _settings;
    private readonly string _policy;

    public PageMiddleware(RequestDelegate next, PageFiles files, PageSettings settings, IOptions<ServerOptions> options)
    {
        _next = next;
        _files = files;
        _settings = new PageFile("application/json; charset=utf-8", settings.Write());
        _policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
            + $"worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {options.Value.Web.FrameAncestors}; require-trusted-types-for 'script'; trusted-types dompurify";
    }

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            return _next(context);
        }

        var path = request.Path.Value ?? "/";
        if (path is "/" or "")
        {
            context.Response.Headers.Append(HeaderNames.Vary, HeaderNames.Accept);
            return AcceptsHtml(request) && _files.Find(PageFiles.Index) is { } page ? SendAsync(context, page) : _next(context);
        }

        var file = path == SettingsPath ? _settings : _files.Find(path);
        return file is null ? _next(context) : SendAsync(context, file);
    }

    /// <summary>Programs that take anything are no browsers.</summary>
    private static bool AcceptsHtml(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var types)
        && types.Any(static type => type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase) && type.Quality != 0);

    private async Task SendAsync(HttpContext context, PageFile file)
    {
        var response = context.Response;
        response.Headers.ContentSecurityPolicy = _policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        response.Headers.CacheControl = "no-cache";
        response.Headers.ETag = file.Tag;
        if (file.IsCompressible)
        {
            response.Headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        }

        if (IsKnown(context.Request, file.Tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var coding = file.IsCompressible ? CodingOf(context.Request) : null;
        var content = coding is null ? file.Content : file.In(coding);
        response.Headers.ContentEncoding = coding;
        response.ContentType = file.ContentType;
        response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(content, context.RequestAborted);
        }
    }

    private static bool IsKnown(HttpRequest request, string tag) =>
        EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var known) && known.Any(other => other.Tag == "*" || other.Tag == tag);

    private static string? CodingOf(HttpRequest request) =>
        StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out var codings)
            ? Array.Find(["br", "gzip"], name => codings.Any(coding => coding.Value.Equals(name, StringComparison.OrdinalIgnoreCase) && coding.Quality != 0))
            : null;
}
