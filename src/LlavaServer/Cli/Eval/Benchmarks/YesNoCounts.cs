namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>Answers to yes-or-no questions, counted; yes is the positive class. Rates without a denominator are 0.</summary>
internal struct YesNoCounts
{
    private int _truePositive;
    private int _falsePositive;
    private int _trueNegative;
    private int _falseNegative;
    private int _yes;
    private int _answered;

    public readonly double Accuracy => Share(_truePositive + _trueNegative, _truePositive + _trueNegative + _falsePositive + _falseNegative);

    public readonly double Precision => Share(_truePositive, _truePositive + _falsePositive);

    public readonly double Recall => Share(_truePositive, _truePositive + _falseNegative);

    public readonly double F1 => Precision + Recall == 0 ? 0 : 2 * Precision * Recall / (Precision + Recall);

    /// <summary>Of the questions that have an answer.</summary>
    public readonly double YesRatio => Share(_yes, _answered);

    public readonly IReadOnlyList<KeyValuePair<string, double>> Figures =>
    [
        new("accuracy", 100 * Accuracy), new("precision", 100 * Precision), new("recall", 100 * Recall), new("F1", 100 * F1), new("yes ratio", 100 * YesRatio),
    ];

    /// <param name="isYes">What is right.</param>
    /// <param name="saysYes">What was answered; null: nothing, which is wrong either way.</param>
    public void Add(bool isYes, bool? saysYes)
    {
        _answered += saysYes is null ? 0 : 1;
        _yes += saysYes is true ? 1 : 0;
        switch (isYes, saysYes ?? !isYes)
        {
            case (true, true):
                _truePositive++;
                break;
            case (true, false):
                _falseNegative++;
                break;
            case (false, true):
                _falsePositive++;
                break;
            default:
                _trueNegative++;
                break;
        }
    }

    public void Add(YesNoCounts other)
    {
        _truePositive += other._truePositive;
        _falsePositive += other._falsePositive;
        _trueNegative += other._trueNegative;
        _falseNegative += other._falseNegative;
        _yes += other._yes;
        _answered += other._answered;
    }

    private static double Share(int part, int whole) => whole == 0 ? 0 : (double)part / whole;
}
