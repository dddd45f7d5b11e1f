using System.Text.Json;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Writes token counts as OpenAI names them, and times as llama-server does.</summary>
internal static class UsageWriter
{
    public static void WriteUsage(Utf8JsonWriter writer, UsageDetails usage)
    {
        writer.WriteStartObject();
        writer.WriteNumber("prompt_tokens"u8, usage.PromptTokens);
        writer.WriteNumber("completion_tokens"u8, usage.CompletionTokens);
        writer.WriteNumber("total_tokens"u8, usage.PromptTokens + usage.CompletionTokens);
        writer.WriteStartObject("prompt_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, usage.CachedTokens);
        writer.WriteNumber("audio_tokens"u8, 0);
        writer.WriteNumber("image_tokens"u8, usage.ImageTokens);
        writer.WriteNumber("text_tokens"u8, usage.PromptTokens - usage.ImageTokens);
        writer.WriteEndObject();
        writer.WriteStartObject("completion_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, usage.ReasoningTokens);
        writer.WriteNumber("audio_tokens"u8, 0);
        writer.WriteNumber("accepted_prediction_tokens"u8, 0);
        writer.WriteNumber("rejected_prediction_tokens"u8, 0);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    public static void WriteTimings(Utf8JsonWriter writer, UsageDetails usage, GenerationTimings timings, int imageCount)
    {
        var computed = usage.PromptTokens - usage.CachedTokens;
        writer.WriteStartObject();
        writer.WriteNumber("cache_n"u8, usage.CachedTokens);
        writer.WriteNumber("prompt_n"u8, computed);
        WriteRates(writer, "prompt", computed, timings.Prefill);
        writer.WriteNumber("predicted_n"u8, usage.CompletionTokens);
        WriteRates(writer, "predicted", usage.CompletionTokens, timings.Decode);
        writer.WriteNumber("image_n"u8, imageCount);
        writer.WriteNumber("image_encode_ms"u8, Round(timings.ImageEncode.TotalMilliseconds));
        writer.WriteNumber("queue_ms"u8, Round(timings.Queued.TotalMilliseconds));
        writer.WriteNumber("load_ms"u8, Round(timings.Load.TotalMilliseconds));
        writer.WriteNumber("ttft_ms"u8, Round(timings.FirstToken.TotalMilliseconds));
        writer.WriteEndObject();
    }

    private static void WriteRates(Utf8JsonWriter writer, string name, int tokens, TimeSpan time)
    {
        writer.WriteNumber(name + "_ms", Round(time.TotalMilliseconds));
        writer.WriteNumber(name + "_per_token_ms", tokens > 0 ? Round(time.TotalMilliseconds / tokens) : 0);
        writer.WriteNumber(name + "_per_second", time > TimeSpan.Zero ? Round(tokens / time.TotalSeconds) : 0);
    }

    private static double Round(double value) => Math.Round(value, 3);
}
