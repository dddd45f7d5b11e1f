using System.Text.Json;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using Microsoft.Extensions.Options;

namespace LlavaServer.Health;

/// <summary>The body of <c>/health</c>: whether requests are welcome, why not, and how busy the server is. No names, no secrets. Singleton.</summary>
internal sealed class HealthReport(
    Readiness readiness, DrainState drain, TextGenerator generator, ModelCatalog catalog, IOptions<InferenceOptions> options)
{
    public Task WriteAsync(HttpContext context)
    {
        var status = drain.Phase != DrainPhase.Serving ? "draining" : readiness.HasFailed || !readiness.StoreIsReadable ? "failed" : readiness.IsReady ? "ok" : "starting";
        if (status != "ok")
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "5";
        }

        return OpenAIJson.WriteResponseAsync(context, (Report: this, Status: status), static (writer, state) => state.Report.Write(writer, state.Status));
    }

    private void Write(Utf8JsonWriter writer, string status)
    {
        writer.WriteStartObject();
        if (status != "ok")
        {
            var (code, message) = status switch
            {
                "draining" => ("shutting_down", "The server is shutting down"),
                "failed" => ("model_loading", readiness.IsStalled ? "The engine does not answer" : readiness.HasFailed ? "The model could not be loaded" : "The model store cannot be read (Models:Path)"),
                _ => ("model_loading", "Loading model"),
            };
            writer.WriteStartObject("error");
            writer.WriteString("message", message);
            writer.WriteString("type", "unavailable_error");
            writer.WriteNull("param");
            writer.WriteString("code", code);
            writer.WriteEndObject();
        }

        writer.WriteString("status", status);
        writer.WriteString("version", ProductVersion.Short);
        writer.WriteStartObject("checks");
        writer.WriteString("store", readiness.StoreIsReadable ? "ok" : "unreadable");
        writer.WriteString("scheduler", readiness.HasFailed ? "failed" : "ok");
        writer.WriteString("preload", readiness.IsLoaded ? "ok" : "loading");
        writer.WriteEndObject();
        var slots = options.Value.Engine.Slots * catalog.Entries.Count;
        var active = generator.ActiveCount;
        writer.WriteStartObject("queue");
        writer.WriteNumber("running", Math.Min(active, slots));
        writer.WriteNumber("waiting", Math.Max(0, active - slots));
        writer.WriteNumber("slots", slots);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
