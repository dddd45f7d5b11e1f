namespace LlavaServer.Edge;

/// <summary>Base addresses that end in a slash are common: doubled slashes and one trailing slash are the same path as without.</summary>
internal sealed class PathRules(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        if (path.Length > 1 && (path.Contains("//", StringComparison.Ordinal) || path[^1] == '/'))
        {
            while (path.Contains("//", StringComparison.Ordinal))
            {
                path = path.Replace("//", "/", StringComparison.Ordinal);
            }

            path = path.Length > 1 && path[^1] == '/' ? path[..^1] : path;
            context.Request.Path = path;
        }

        return next(context);
    }
}
