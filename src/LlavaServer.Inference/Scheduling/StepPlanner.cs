using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Fills the batch of one step: one row for every sequence that is being answered, then rows of prompts in order of arrival until the token budget is
/// spent. While someone is being answered, prompts get only as many rows as <see cref="StepPace"/> allows; alone they get a second's worth. Scheduler
/// thread.
/// </summary>
internal sealed class StepPlanner
{
    private readonly int _budget;
    private readonly StepPace _pace;
    private readonly ComputeTurns _turns;
    private int _decodeRows;
    private bool _hasSuspect;

    /// <param name="budget">Rows of a batch at most.</param>
    /// <param name="stepTime">What prompts may add to a step of answers at most, however long it takes.</param>
    /// <param name="turns">Tells of pictures that are encoded and models that are loaded meanwhile.</param>
    public StepPlanner(int budget, TimeSpan stepTime, ComputeTurns turns)
    {
        _budget = budget;
        _pace = new StepPace(stepTime);
        _turns = turns;
        Batch = new Batch(budget);
    }

    public Batch Batch { get; }

    /// <summary>Slots with a row whose logits are wanted, in order of the rows.</summary>
    public List<(Slot Slot, int Row)> Sampled { get; } = [];

    /// <summary>Slots with a row whose embedding is wanted, in order of the rows.</summary>
    public List<(Slot Slot, int Row)> Embedded { get; } = [];

    /// <summary>Slots with rows in the batch and their numbers of rows.</summary>
    public List<(Slot Slot, int Rows)> Planned { get; } = [];

    public int PromptRows { get; private set; }

    /// <summary>Whether the batch has rows of sequences that are being answered.</summary>
    public bool AnswersSomeone => _decodeRows > 0;

    /// <summary>How long encoding and loading may hold up the next step of answers.</summary>
    public TimeSpan Slice => _pace.Slice(PromptRows);

    public bool HasRowsOf(Slot slot)
    {
        foreach (var (planned, _) in Planned)
        {
            if (ReferenceEquals(planned, slot))
            {
                return true;
            }
        }

        return false;
    }

    /// <param name="running">Occupied slots in order of arrival.</param>
    /// <param name="mostPromptRows">Bound of the rows of prompts in this step.</param>
    public void Plan(List<Slot> running, int mostPromptRows)
    {
        Batch.Clear();
        Sampled.Clear();
        Embedded.Clear();
        Planned.Clear();
        _hasSuspect = false;
        foreach (var slot in running)
        {
            var sequence = slot.Sequence!;
            if (sequence.IsPrefilled && !sequence.Output.IsFull && !(sequence.IsSuspect && _hasSuspect))
            {
                _hasSuspect |= sequence.IsSuspect;
                Sampled.Add((slot, Batch.AddToken(slot.Id, sequence.ComputedTokens, sequence.TokenAt(sequence.ComputedTokens), wantsLogits: true)));
                Planned.Add((slot, 1));
            }
        }

        _decodeRows = Batch.Count;
        Batch.GivesWay = _decodeRows == 0;
        var left = Math.Min(Math.Min(_budget - _decodeRows, mostPromptRows), _pace.PromptRows(_decodeRows, _turns.HasWork));
        foreach (var slot in running)
        {
            if (left <= 0)
            {
                break;
            }

            var sequence = slot.Sequence!;
            if (!sequence.IsPrefilled && !slot.IsFollowing && !(sequence.IsSuspect && _hasSuspect))
            {
                left -= PlanPrompt(slot, left);
            }
        }

        PromptRows = Batch.Count - _decodeRows;
    }

    /// <summary>Learns from the planned step, which took so long.</summary>
    public void Measured(TimeSpan step) => _pace.Measured(_decodeRows, PromptRows, step);

    private int PlanPrompt(Slot slot, int most)
    {
        var sequence = slot.Sequence!;
        var prompt = sequence.Prompt;
        var end = Math.Min(sequence.Length, sequence.ComputedTokens + most);
        var image = Array.FindIndex(prompt.Images, i => i.Start + i.RowCount > sequence.ComputedTokens);
        var position = sequence.ComputedTokens;
        while (position < end)
        {
            var embeds = sequence.Request.Pool?.Wants(position) ?? false;
            var samples = position == sequence.Length - 1 && sequence.Request.Pool is null;
            var tokenId = sequence.TokenAt(position);
            if (tokenId != Prompt.ImageRow)
            {
                Added(slot, Batch.AddToken(slot.Id, position, tokenId, samples, embeds), samples, embeds);
                position++;
                continue;
            }

            if (sequence.Embedding(image) is not { } embedding)
            {
                break;
            }

            var row = position - prompt.Images[image].Start;
            Added(slot, Batch.AddImageRow(slot.Id, position, embedding, row, samples, embeds), samples, embeds);
            position++;
            if (position == prompt.Images[image].Start + prompt.Images[image].RowCount)
            {
                image++;
            }
        }

        var rows = position - sequence.ComputedTokens;
        if (rows > 0)
        {
            _hasSuspect |= sequence.IsSuspect;
            Planned.Add((slot, rows));
        }

        return rows;
    }

    private void Added(Slot slot, int row, bool samples, bool embeds)
    {
        if (samples)
        {
            Sampled.Add((slot, row));
        }

        if (embeds)
        {
            Embedded.Add((slot, row));
        }
    }
}
