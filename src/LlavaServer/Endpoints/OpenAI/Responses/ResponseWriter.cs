using System.Text.Json;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>Writes response objects, member by member in the order of the dialect; every member is there in every one.</summary>
internal static class ResponseWriter
{
    public static void WriteResponse(Utf8JsonWriter writer, ResponseAnswer answer, ResponseState state)
    {
        var settings = answer.Settings;
        writer.WriteStartObject();
        writer.WriteString("id"u8, answer.Id);
        writer.WriteString("object"u8, "response"u8);
        writer.WriteNumber("created_at"u8, answer.Created);
        WriteNumber(writer, "completed_at", state.CompletedAt);
        writer.WriteString("status"u8, NameOf(state.Status));
        writer.WriteBoolean("background"u8, false);
        WriteError(writer, state.Error);
        WriteIncompleteDetails(writer, state.Status);
        writer.WriteString("instructions"u8, settings.Instructions);
        WriteNumber(writer, "max_output_tokens", settings.MaxOutputTokens);
        writer.WriteString("model"u8, answer.Model);
        writer.WriteStartArray("output"u8);
        foreach (var item in state.Items)
        {
            WriteItem(writer, item);
        }

        writer.WriteEndArray();
        writer.WriteBoolean("parallel_tool_calls"u8, settings.AllowsParallelCalls);
        writer.WriteNull("previous_response_id"u8);
        writer.WriteStartObject("reasoning"u8);
        writer.WriteNull("effort"u8);
        writer.WriteNull("summary"u8);
        writer.WriteEndObject();
        writer.WriteString("service_tier"u8, "default"u8);
        writer.WriteBoolean("store"u8, false);
        writer.WriteNumber("temperature"u8, settings.Temperature);
        writer.WriteStartObject("text"u8);
        WriteElement(writer, "format", settings.Format, static writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "text"u8);
            writer.WriteEndObject();
        });
        writer.WriteEndObject();
        WriteElement(writer, "tool_choice", settings.ToolChoice, static writer => writer.WriteStringValue("auto"u8));
        WriteTools(writer, settings.Tools);
        writer.WriteNumber("top_logprobs"u8, settings.TopLogProbabilities);
        writer.WriteNumber("top_p"u8, settings.TopP);
        writer.WriteString("truncation"u8, settings.Truncates ? "auto"u8 : "disabled"u8);
        WriteUsage(writer, state.Usage);
        writer.WriteNull("user"u8);
        WriteElement(writer, "metadata", settings.Metadata, static writer =>
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        });
        writer.WriteEndObject();
    }

    public static void WriteItem(Utf8JsonWriter writer, ResponseItem item)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, item.Id);
        writer.WriteString("type"u8, item.CallId is null ? "message"u8 : "function_call"u8);
        writer.WriteString("status"u8, NameOf(item.Status));
        if (item.CallId is null)
        {
            writer.WriteString("role"u8, "assistant"u8);
            writer.WriteStartArray("content"u8);
            if (item.Status != ResponseStatus.InProgress)
            {
                WritePart(writer, item.Text, item.Tokens);
            }

            writer.WriteEndArray();
        }
        else
        {
            writer.WriteString("call_id"u8, item.CallId);
            writer.WriteString("name"u8, item.Name);
            writer.WriteString("arguments"u8, item.Text);
        }

        writer.WriteEndObject();
    }

    public static void WritePart(Utf8JsonWriter writer, string text, IReadOnlyList<TokenLogProbability> tokens)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "output_text"u8);
        writer.WriteString("text"u8, text);
        writer.WriteStartArray("annotations"u8);
        writer.WriteEndArray();
        LogProbabilityWriter.WriteTokens(writer, "logprobs", tokens);
        writer.WriteEndObject();
    }

    private static string NameOf(ResponseStatus status) => status switch
    {
        ResponseStatus.InProgress => "in_progress",
        ResponseStatus.Completed => "completed",
        ResponseStatus.Incomplete => "incomplete",
        _ => "failed",
    };

    private static void WriteError(Utf8JsonWriter writer, OpenAIError? error)
    {
        if (error is null)
        {
            writer.WriteNull("error"u8);
            return;
        }

        writer.WriteStartObject("error"u8);
        writer.WriteString("code"u8, error.Code);
        writer.WriteString("message"u8, error.Message);
        writer.WriteEndObject();
    }

    private static void WriteIncompleteDetails(Utf8JsonWriter writer, ResponseStatus status)
    {
        if (status != ResponseStatus.Incomplete)
        {
            writer.WriteNull("incomplete_details"u8);
            return;
        }

        writer.WriteStartObject("incomplete_details"u8);
        writer.WriteString("reason"u8, "max_output_tokens"u8);
        writer.WriteEndObject();
    }

    // The members of a function stand beside its type, and none is left out.
    private static void WriteTools(Utf8JsonWriter writer, IReadOnlyList<JsonElement> tools)
    {
        writer.WriteStartArray("tools"u8);
        foreach (var tool in tools)
        {
            var function = tool.GetProperty("function");
            writer.WriteStartObject();
            writer.WriteString("type"u8, "function"u8);
            foreach (var name in (ReadOnlySpan<string>)["name", "description", "parameters", "strict"])
            {
                WriteElement(writer, name, function.TryGetProperty(name, out var member) ? member : null, static writer => writer.WriteNullValue());
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteUsage(Utf8JsonWriter writer, UsageDetails? usage)
    {
        if (usage is null)
        {
            writer.WriteNull("usage"u8);
            return;
        }

        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("input_tokens"u8, usage.PromptTokens);
        writer.WriteStartObject("input_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, usage.CachedTokens);
        writer.WriteEndObject();
        writer.WriteNumber("output_tokens"u8, usage.CompletionTokens);
        writer.WriteStartObject("output_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, usage.ReasoningTokens);
        writer.WriteEndObject();
        writer.WriteNumber("total_tokens"u8, usage.PromptTokens + usage.CompletionTokens);
        writer.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, long? value)
    {
        writer.WritePropertyName(name);
        if (value is { } number)
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteNullValue();
        }
    }

    private static void WriteElement(Utf8JsonWriter writer, string name, JsonElement? value, Action<Utf8JsonWriter> writeAbsent)
    {
        writer.WritePropertyName(name);
        if (value is { } element)
        {
            element.WriteTo(writer);
        }
        else
        {
            writeAbsent(writer);
        }
    }
}
