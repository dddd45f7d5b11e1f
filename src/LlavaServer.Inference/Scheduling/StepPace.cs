namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// How many prompt rows a step takes along, and how long work beside the loop may hold up the next one, so that while someone is answered the gap
/// between two tokens stays below three times a step of answers alone. Learns from measured steps. Scheduler thread.
/// </summary>
/// <remarks>
/// Shares of a step of answers alone: they leave more than half a step for threads that wake late and for estimates that are off.
/// </remarks>
internal sealed class StepPace(TimeSpan stepTime)
{
    private const double PromptShare = 0.65;
    private const double LargestPromptShare = 1.5;
    private const double PromptShareBesideWork = 0.4;
    private const double SliceShare = 0.7;
    private const double SliceShareBesidePrompts = 0.35;

    // Kernels read weights once for so many rows; below it a row costs next to nothing beside the weights' way through memory.
    private const int RowsTogether = 4;

    // Much less would go into waking threads.
    private const double ShortestSliceSeconds = 0.0003;

    // Clients that leave are noticed between steps: a step of a long prompt alone is bounded too.
    private const double LongestStepSeconds = 1;
    private const int FewestRowsAlone = 8;
    private const int RowsAloneBeforeMeasured = 64;

    private double _decodeSeconds;
    private double _addedSecondsPerRow;
    private double _secondsPerRowAlone;
    private int _provenRows;

    /// <summary>Rows of prompts for a step with so many rows of answers.</summary>
    /// <param name="decodeRows">Sequences that the step answers.</param>
    /// <param name="besideWork">Whether pictures are encoded or models loaded meanwhile.</param>
    public int PromptRows(int decodeRows, bool besideWork)
    {
        if (decodeRows == 0)
        {
            return _secondsPerRowAlone == 0 ? RowsAloneBeforeMeasured : (int)Math.Clamp(LongestStepSeconds / _secondsPerRowAlone, FewestRowsAlone, int.MaxValue / 2);
        }

        // As many as the kernels take together, so that prompts get on, unless even those would make the gap too wide.
        var cost = Math.Max(_addedSecondsPerRow, 1e-9);
        var fewest = (int)Math.Clamp(_decodeSeconds == 0 ? RowsTogether : LargestPromptShare * _decodeSeconds / cost, 1, RowsTogether - (decodeRows % RowsTogether));
        var seconds = PromptSeconds(besideWork);
        var most = (_provenRows * 5 / 4) + RowsTogether;
        var rows = (int)Math.Min(most, seconds / cost);
        return Math.Max(fewest, ((decodeRows + rows) / RowsTogether * RowsTogether) - decodeRows);
    }

    /// <summary>How long encoding and loading may hold up the step after one with so many prompt rows.</summary>
    public TimeSpan Slice(int promptRows)
    {
        var share = promptRows > 0 ? SliceShareBesidePrompts : SliceShare;
        return TimeSpan.FromSeconds(Math.Max(ShortestSliceSeconds, Math.Min(share * _decodeSeconds, stepTime.TotalSeconds)));
    }

    /// <summary>Learns from a step.</summary>
    public void Measured(int decodeRows, int promptRows, TimeSpan step)
    {
        var seconds = step.TotalSeconds;
        if (decodeRows == 0)
        {
            if (promptRows >= FewestRowsAlone)
            {
                _secondsPerRowAlone = Blend(_secondsPerRowAlone, seconds / promptRows, down: 0.3, up: 0.3);
            }
        }
        else if (promptRows == 0 || (_decodeSeconds == 0 && decodeRows + promptRows <= RowsTogether))
        {
            // Rises slowly: steps that something disturbed must not widen what disturbs them.
            _decodeSeconds = Blend(_decodeSeconds, seconds, down: 0.3, up: 0.1);
        }
        else if (_decodeSeconds > 0)
        {
            var added = Math.Max(0, seconds - _decodeSeconds);
            _addedSecondsPerRow = Blend(_addedSecondsPerRow, added / promptRows, down: 0.2, up: 0.2);
            _provenRows = added <= PromptSeconds(besideWork: false) ? Math.Max(_provenRows, promptRows) : Math.Min(_provenRows, promptRows / 2);
        }
    }

    private static double Blend(double known, double measured, double down, double up) =>
        known == 0 ? measured : known + ((measured - known) * (measured < known ? down : up));

    private double PromptSeconds(bool besideWork) =>
        Math.Min((besideWork ? PromptShareBesideWork : PromptShare) * _decodeSeconds, stepTime.TotalSeconds);
}
