using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Fills the batch of one step: one row for every sequence that is being answered, then rows of prompts in order of arrival until the token budget is
/// spent. While someone is being answered, prompts get only as many rows as fit the step time at the measured speed; alone they get a second's worth.
/// Scheduler thread.
/// </summary>
internal sealed class StepPlanner
{
    private const int FewestPromptRows = 8;
    private const int PromptRowsBeforeMeasured = 64;

    // Much less would go into waking threads.
    private const double ShortestSliceSeconds = 0.001;

    // Clients that leave are noticed between steps: a step of a long prompt alone is bounded too.
    private const double LongestStepSeconds = 1;

    private readonly int _budget;
    private readonly double _stepSeconds;
    private double _decodeSeconds;
    private double _secondsPerPromptRow;

    public StepPlanner(int budget, TimeSpan stepTime)
    {
        _budget = budget;
        _stepSeconds = stepTime.TotalSeconds;
        Batch = new Batch(budget);
    }

    public Batch Batch { get; }

    /// <summary>Slots with a row whose logits are wanted, in order of the rows.</summary>
    public List<(Slot Slot, int Row)> Sampled { get; } = [];

    /// <summary>Slots with rows in the batch and their numbers of rows.</summary>
    public List<(Slot Slot, int Rows)> Planned { get; } = [];

    public int PromptRows { get; private set; }

    /// <summary>Whether the batch has rows of sequences that are being answered.</summary>
    public bool AnswersSomeone { get; private set; }

    /// <summary>How long encoding and loading may hold up the next step of answers: about as long as a step of answers takes.</summary>
    public TimeSpan Slice => TimeSpan.FromSeconds(Math.Clamp(_decodeSeconds, ShortestSliceSeconds, _stepSeconds));

    /// <param name="running">Occupied slots in order of arrival.</param>
    /// <param name="mostPromptRows">Bound of the rows of prompts in this step.</param>
    public void Plan(List<Slot> running, int mostPromptRows)
    {
        Batch.Clear();
        Sampled.Clear();
        Planned.Clear();
        foreach (var slot in running)
        {
            var sequence = slot.Sequence!;
            if (sequence.IsPrefilled && !sequence.Output.IsFull)
            {
                Sampled.Add((slot, Batch.AddToken(slot.Id, sequence.ComputedTokens, sequence.LastToken, wantsLogits: true)));
                Planned.Add((slot, 1));
            }
        }

        var decodeRows = Batch.Count;
        AnswersSomeone = decodeRows > 0;
        var left = Math.Min(Math.Min(_budget - decodeRows, mostPromptRows), PromptRowsIn(decodeRows > 0 ? _stepSeconds : LongestStepSeconds));
        foreach (var slot in running)
        {
            if (left <= 0)
            {
                break;
            }

            if (!slot.Sequence!.IsPrefilled)
            {
                left -= PlanPrompt(slot, left);
            }
        }

        PromptRows = Batch.Count - decodeRows;
    }

    /// <summary>Learns from a step that took so long what a step of answers costs, and what each prompt row adds to it.</summary>
    public void Measured(TimeSpan step)
    {
        if (PromptRows == 0)
        {
            _decodeSeconds = Blend(_decodeSeconds, step.TotalSeconds);
        }
        else if (PromptRows >= FewestPromptRows)
        {
            var added = Math.Max(step.TotalSeconds - _decodeSeconds, step.TotalSeconds / 10);
            _secondsPerPromptRow = Blend(_secondsPerPromptRow, added / PromptRows);
        }
    }

    private static double Blend(double known, double measured) => known == 0 ? measured : (0.7 * known) + (0.3 * measured);

    private int PromptRowsIn(double seconds) => _secondsPerPromptRow == 0
        ? PromptRowsBeforeMeasured
        : (int)Math.Clamp(seconds / _secondsPerPromptRow, FewestPromptRows, Math.Max(FewestPromptRows, _budget));

    private int PlanPrompt(Slot slot, int most)
    {
        var sequence = slot.Sequence!;
        var prompt = sequence.Prompt;
        var end = Math.Min(prompt.Length, sequence.ComputedTokens + most);
        var image = Array.FindIndex(prompt.Images, i => i.Start + i.RowCount > sequence.ComputedTokens);
        var position = sequence.ComputedTokens;
        while (position < end)
        {
            var last = position == prompt.Length - 1;
            if (prompt.TokenIds[position] >= 0)
            {
                Added(slot, Batch.AddToken(slot.Id, position, prompt.TokenIds[position], last), last);
                position++;
                continue;
            }

            if (sequence.Embedding(image) is not { } embedding)
            {
                break;
            }

            var row = position - prompt.Images[image].Start;
            Added(slot, Batch.AddImageRow(slot.Id, position, embedding, row, last), last);
            position++;
            if (position == prompt.Images[image].Start + prompt.Images[image].RowCount)
            {
                image++;
            }
        }

        var rows = position - sequence.ComputedTokens;
        if (rows > 0)
        {
            Planned.Add((slot, rows));
        }

        return rows;
    }

    private void Added(Slot slot, int row, bool sampled)
    {
        if (sampled)
        {
            Sampled.Add((slot, row));
        }
    }
}
