using System.Text.Json;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Answers;

/// <summary>
/// What progress chunks of one stream say and when: each phase once it is reached, never an earlier one, numbers only when they changed. Owned by one
/// stream.
/// </summary>
internal sealed class ProgressReport
{
    private GenerationProgress? _last;

    /// <summary>Whether there is something to say that was not said.</summary>
    public bool Take(GenerationProgress progress)
    {
        if (progress == _last || (_last is not null && (progress.Phase < _last.Phase || _last.Phase == GenerationPhase.Decode)))
        {
            return false;
        }

        _last = progress;
        return true;
    }

    /// <summary>Writes the members of a progress chunk: <c>progress</c>, and <c>prompt_progress</c> while the prompt is computed.</summary>
    public static void Write(Utf8JsonWriter writer, GenerationProgress progress, TimeSpan elapsed)
    {
        if (progress.Phase is GenerationPhase.Encoding or GenerationPhase.Prefill)
        {
            writer.WriteStartObject("prompt_progress"u8);
            writer.WriteNumber("total"u8, progress.PromptTokens);
            writer.WriteNumber("cache"u8, progress.CachedTokens);
            writer.WriteNumber("processed"u8, progress.ComputedTokens);
            writer.WriteNumber("time_ms"u8, (long)elapsed.TotalMilliseconds);
            writer.WriteEndObject();
        }

        writer.WriteStartObject("progress"u8);
        writer.WriteString("phase"u8, NameOf(progress.Phase));
        switch (progress.Phase)
        {
            case GenerationPhase.Queued:
                writer.WriteNumber("position"u8, progress.Position);
                writer.WriteNumber("length"u8, progress.QueueLength);
                if (progress.Estimate is { } estimate)
                {
                    writer.WriteNumber("estimate_ms"u8, (long)estimate.TotalMilliseconds);
                }
                else
                {
                    writer.WriteNull("estimate_ms"u8);
                }

                break;
            case GenerationPhase.Loading or GenerationPhase.Encoding or GenerationPhase.Prefill:
                writer.WriteNumber("done"u8, progress.Done);
                writer.WriteNumber("total"u8, progress.Total);
                break;
        }

        if (progress.Phase == GenerationPhase.Encoding)
        {
            writer.WriteNumber("image"u8, Math.Min(progress.Done + 1, progress.ImageCount));
            writer.WriteNumber("images"u8, progress.ImageCount);
            writer.WriteNumber("cached"u8, progress.CachedImages);
        }
        else if (progress.Phase == GenerationPhase.Prefill)
        {
            writer.WriteNumber("cached"u8, progress.CachedTokens);
        }

        writer.WriteNumber("elapsed_ms"u8, (long)elapsed.TotalMilliseconds);
        writer.WriteEndObject();
    }

    private static string NameOf(GenerationPhase phase) => phase switch
    {
        GenerationPhase.Queued => "queued",
        GenerationPhase.Loading => "loading",
        GenerationPhase.Encoding => "encoding",
        GenerationPhase.Prefill => "prefill",
        _ => "decode",
    };
}
