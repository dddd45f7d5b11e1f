using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Scheduling;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Loading;

/// <summary>A model in memory: its text side, its engines' figures, and the executors that own the engines. Made and ended by its pool.</summary>
public sealed class LoadedModel
{
    private readonly Lock _choice = new();
    private readonly ModelText _text;
    private readonly IReadOnlyList<Executor> _executors;

    internal LoadedModel(ModelEntry entry, ModelText text, EngineInfo info, IReadOnlyList<Executor> executors, DateTimeOffset loadedAt)
    {
        Entry = entry;
        _text = text;
        Info = info;
        _executors = executors;
        LoadedAt = loadedAt;
        Constraints = new ModelConstraints(text.Tokenizer);
    }

    public ModelEntry Entry { get; }

    /// <summary>Figures of one engine; all engines of a model have the same.</summary>
    public EngineInfo Info { get; }

    public DateTimeOffset LoadedAt { get; }

    /// <summary>Family of the chat template, or null: then conversations are refused.</summary>
    public string? ChatTemplateName => _text.Template.Template?.Name;

    /// <summary>Where the template came from: <c>setting</c>, <c>model template</c>, <c>model file</c>, <c>family profile</c> or <c>none</c>.</summary>
    public string ChatTemplateSource => _text.Template.Source;

    /// <summary>What is not as it should be with the template, or null.</summary>
    public string? ChatTemplateWarning => _text.Template.Warning;

    /// <summary>Share of the engines' positions for keys and values that is taken by running and kept sequences, 0 to 1.</summary>
    public double KVUsage => _executors.Average(static executor => executor.Scheduler.KVUsage);

    /// <summary>What each slot does now; those of all engines in a row.</summary>
    public IReadOnlyList<SlotState> Slots
    {
        get
        {
            var states = new List<SlotState>();
            foreach (var executor in _executors)
            {
                var lanes = executor.Scheduler.Lanes;
                for (var lane = 0; lane < lanes.Count; lane++)
                {
                    var sequence = lanes[lane];
                    states.Add(new SlotState
                    {
                        Id = states.Count,
                        TaskId = sequence?.Place.Number,
                        ContextLength = Info.ContextLength,
                        PromptTokens = sequence?.Prompt.Length ?? 0,
                        DecodedTokens = sequence?.GeneratedTokens ?? 0,
                    });
                }
            }

            return states;
        }
    }

    internal ITokenizer Tokenizer => _text.Tokenizer;

    internal ModelConstraints Constraints { get; }

    internal ChatTemplate? Template => _text.Template.Template;

    internal IReadOnlyList<Executor> Executors => _executors;

    /// <summary>The scheduler of the first engine.</summary>
    internal Scheduler Scheduler => _executors[0].Scheduler;

    /// <summary>
    /// The engine for another request, with its sequences counted: the one that got the longest beginning of its prompt before, unless it would have to
    /// wait there and not elsewhere; else the one with the fewest sequences.
    /// </summary>
    internal Executor Choose(Prompt prompt, string scope, int sequences)
    {
        var chosen = _executors[0];
        if (_executors.Count == 1)
        {
            chosen.Begin(sequences);
            return chosen;
        }

        var chain = PromptIndex.Chain(prompt, scope);
        lock (_choice)
        {
            var calmest = _executors.MinBy(static executor => executor.SequenceCount)!;
            var known = _executors.OrderBy(static executor => executor.SequenceCount).MaxBy(executor => executor.Prompts.Match(chain))!;
            chosen = known.Prompts.Match(chain) > 0 && (known.HasFreeSlot || !calmest.HasFreeSlot) ? known : calmest;
            chosen.Prompts.Add(chain);
            chosen.Begin(sequences);
        }

        return chosen;
    }
}
