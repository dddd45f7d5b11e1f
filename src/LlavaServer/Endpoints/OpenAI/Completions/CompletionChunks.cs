using System.Text.Json;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.OpenAI.Completions;

/// <summary>Objects of text completions, which have one shape whole and in chunks. Owned by one request: it knows what each choice has said.</summary>
/// <param name="answer">What every object repeats.</param>
/// <param name="echoes">Prompts that the answers begin with; empty when they do not.</param>
internal sealed class CompletionChunks(ChatAnswer answer, IReadOnlyList<string> echoes) : IAnswerChunks
{
    private readonly LegacyLogProbabilities[] _said = [.. Enumerable.Range(0, answer.Shape.Choices).Select(static _ => new LegacyLogProbabilities())];

    public bool HasStart => echoes.Count > 0;

    public void WriteStart(Utf8JsonWriter writer, ChatAnswer repeated, int index)
    {
        Begin(writer);
        WriteChoice(writer, index, Echo(index), null, null);
        End(writer, null);
    }

    public void WriteText(Utf8JsonWriter writer, ChatAnswer repeated, GenerationUpdate update)
    {
        Begin(writer);
        WriteChoice(writer, update.Choice, update.Text, update.Tokens, null);
        End(writer, answer.TimesChunks ? update : null);
    }

    public void WriteProgress(Utf8JsonWriter writer, ChatAnswer repeated, GenerationProgress progress, TimeSpan elapsed)
    {
        Begin(writer);
        WriteChoice(writer, 0, "", null, null);
        writer.WriteEndArray();
        ProgressReport.Write(writer, progress, elapsed);
        writer.WriteEndObject();
    }

    public void WriteFinish(Utf8JsonWriter writer, ChatAnswer repeated, GenerationUpdate last)
    {
        Begin(writer);
        WriteChoice(writer, last.Choice, "", null, FinishReasons.NameOf(last.FinishReason!.Value));
        End(writer, answer.IncludesUsage && !answer.TimesChunks ? null : last);
    }

    public void WriteUsage(Utf8JsonWriter writer, ChatAnswer repeated, UsageDetails usage, GenerationTimings timings)
    {
        Begin(writer);
        EndWithUsage(writer, usage, timings);
    }

    public void WriteWhole(Utf8JsonWriter writer, IReadOnlyList<WholeChoice> choices, ChoiceTotals totals)
    {
        Begin(writer);
        for (var index = 0; index < choices.Count; index++)
        {
            var choice = choices[index];
            var text = echoes.Count == 0 ? choice.Text : echoes[index * echoes.Count / choices.Count] + choice.Text;
            WriteChoice(writer, index, text, answer.HasLogProbabilities ? choice.Tokens : null, FinishReasons.NameOf(choice.FinishReason));
        }

        EndWithUsage(writer, totals.Usage, totals.Timings);
    }

    private string Echo(int index) => echoes[index / answer.Shape.ChoicesPerPrompt];

    private void Begin(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, answer.Id);
        writer.WriteString("object"u8, "text_completion"u8);
        writer.WriteNumber("created"u8, answer.Created);
        writer.WriteString("model"u8, answer.Model);
        writer.WriteString("system_fingerprint"u8, answer.Fingerprint);
        if (answer.HasServiceTier)
        {
            writer.WriteString("service_tier"u8, "default"u8);
        }

        writer.WriteStartArray("choices"u8);
    }

    private void WriteChoice(Utf8JsonWriter writer, int index, string text, IReadOnlyList<TokenLogProbability>? tokens, string? finishReason)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, index);
        writer.WriteString("text"u8, text);
        writer.WritePropertyName("logprobs"u8);
        if (tokens is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            _said[index].Write(writer, tokens);
        }

        writer.WriteString("finish_reason"u8, finishReason);
        writer.WriteEndObject();
    }

    private void End(Utf8JsonWriter writer, GenerationUpdate? timed)
    {
        writer.WriteEndArray();
        if (answer.IncludesUsage)
        {
            writer.WriteNull("usage"u8);
        }

        if (timed is { Usage: { } usage, Timings: { } timings })
        {
            writer.WritePropertyName("timings"u8);
            UsageWriter.WriteTimings(writer, usage, timings, answer.ImageCount);
        }

        writer.WriteEndObject();
    }

    private void EndWithUsage(Utf8JsonWriter writer, UsageDetails usage, GenerationTimings timings)
    {
        writer.WriteEndArray();
        writer.WritePropertyName("usage"u8);
        UsageWriter.WriteUsage(writer, usage);
        writer.WritePropertyName("timings"u8);
        UsageWriter.WriteTimings(writer, usage, timings, answer.ImageCount);
        writer.WriteEndObject();
    }
}
