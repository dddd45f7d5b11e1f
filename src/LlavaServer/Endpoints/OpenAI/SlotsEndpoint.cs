using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary><c>GET /slots</c>, as llama-server has it: who is busy, never with what. Singleton, thread-safe.</summary>
internal sealed class SlotsEndpoint(ModelSelector models, ModelPool pool, IOptions<InferenceOptions> options)
{
    /// <summary>Positions per slot when the settings name none, unless the model was trained for fewer.</summary>
    private const int DefaultContext = 4096;

    private static readonly TimeSpan s_retryAfter = TimeSpan.FromSeconds(1);

    public Task GetAsync(HttpContext context)
    {
        var name = context.Request.Query["model"];
        var slots = SlotsOf(string.IsNullOrEmpty(name) ? null : models.Select(name));
        if (context.Request.Query["fail_on_no_slot"] is [{ Length: > 0 } flag, ..] && flag is not ("0" or "false") && slots.All(static slot => slot.TaskId is not null))
        {
            throw new RequestException(StatusCodes.Status503ServiceUnavailable, "no_slot_available", "All slots are busy (Engine:Slots).") { RetryAfter = s_retryAfter };
        }

        return OpenAIJson.WriteResponseAsync(context, slots, static (writer, states) =>
        {
            writer.WriteStartArray();
            foreach (var slot in states)
            {
                writer.WriteStartObject();
                writer.WriteNumber("id"u8, slot.Id);
                writer.WriteNumber("id_task"u8, slot.TaskId ?? -1);
                writer.WriteNumber("n_ctx"u8, slot.ContextLength);
                writer.WriteBoolean("speculative"u8, false);
                writer.WriteBoolean("is_processing"u8, slot.TaskId is not null);
                writer.WriteNumber("n_prompt_tokens"u8, slot.PromptTokens);
                writer.WriteNumber("n_decoded"u8, slot.DecodedTokens);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }

    // Those of all models in memory when none is named. A model that is not there would have as many idle ones.
    private List<SlotState> SlotsOf(ModelEntry? model)
    {
        var slots = pool.Loaded.Where(loaded => model is null || loaded.Entry.Name == model.Name).SelectMany(static loaded => loaded.Slots).ToList();
        var context = Math.Min(model?.ContextLength ?? int.MaxValue, options.Value.Engine.ContextLength is > 0 and var configured ? configured : DefaultContext);
        return slots.Count > 0
            ? [.. slots.Select(static (slot, id) => slot with { Id = id })]
            : [.. Enumerable.Range(0, options.Value.Engine.Slots).Select(id => new SlotState { Id = id, ContextLength = context })];
    }
}
