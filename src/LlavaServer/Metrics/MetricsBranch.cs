using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace LlavaServer.Metrics;

/// <summary>
/// Around the exporter of OpenTelemetry: asks it for plain Prometheus text, never for another format or coding, and adds <see cref="LlamaMetrics"/>. One for the process.
/// </summary>
internal sealed class MetricsBranch(LlamaMetrics llama)
{
    private static readonly string s_started = StartOfProcess();

    public async Task InvokeAsync(HttpContext context, RequestDelegate exporter)
    {
        context.Request.Headers.Accept = "text/plain";
        context.Request.Headers.Remove("Accept-Encoding");
        var response = context.Response;
        var client = response.Body;
        using var body = new MemoryStream();
        response.Body = body;
        try
        {
            await exporter(context);
        }
        finally
        {
            response.Body = client;
        }

        if (response.StatusCode != StatusCodes.Status200OK)
        {
            throw new InvalidOperationException("The metrics could not be collected.");
        }

        var text = new StringBuilder();
        llama.Write(text);
        body.Write(Encoding.UTF8.GetBytes(text.ToString()));
        response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        response.ContentLength = body.Length;
        response.Headers["Process-Start-Time-Unix"] = s_started;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await client.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
        }
    }

    private static string StartOfProcess()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
    }
}
