using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Against engines whose steps cost what a formula says.</summary>
public sealed class StepPaceTests
{
    private static readonly TimeSpan StepTime = TimeSpan.FromMilliseconds(150);

    // Milliseconds of the weights' way through memory and of a row's arithmetic: 1.1B in 4 bits, 7B in 4 bits, and a toy, on two cores.
    [Theory]
    [InlineData(22, 5.2, 1)]
    [InlineData(22, 5.2, 4)]
    [InlineData(140, 33, 1)]
    [InlineData(0.4, 0.1, 1)]
    [InlineData(4, 0.1, 8)]
    [InlineData(30, 20, 1)]
    public void PromptRows_LongPromptBesideAnswers_KeepTheGapAndGoOn(double memory, double row, int decodeRows)
    {
        var pace = new StepPace(StepTime);
        TimeSpan Cost(int rows) => TimeSpan.FromMilliseconds(Math.Max(memory, rows * row));
        var alone = Cost(decodeRows);
        for (var i = 0; i < 5; i++)
        {
            pace.Measured(decodeRows, 0, alone);
        }

        var steps = 0;
        for (var left = 2000; left > 0; steps++)
        {
            var rows = Math.Min(left, pace.PromptRows(decodeRows, besideWork: false));
            var step = Cost(decodeRows + rows);
            pace.Measured(decodeRows, rows, step);
            Assert.InRange(step + pace.Slice(rows), TimeSpan.Zero, Math.Max(2.8, (4 * row / alone.TotalMilliseconds) + 0.5) * alone);
            left -= rows;
        }

        // Twice what the prompt takes with all the machine for itself, as far as the fewest rows that a kernel is good at allow.
        Assert.InRange(steps * alone.TotalMilliseconds, 0, Math.Max(2 * 2000 * row, 2000 / 3.0 * alone.TotalMilliseconds) + (20 * alone.TotalMilliseconds));
    }

    [Fact]
    public void PromptRows_CostRises_FewerRows()
    {
        var pace = new StepPace(StepTime);
        pace.Measured(1, 0, TimeSpan.FromMilliseconds(20));
        for (var i = 0; i < 20; i++)
        {
            pace.Measured(1, pace.PromptRows(1, besideWork: false), TimeSpan.FromMilliseconds(20));
        }

        var before = pace.PromptRows(1, besideWork: false);
        pace.Measured(1, before, TimeSpan.FromMilliseconds(120));
        Assert.InRange(pace.PromptRows(1, besideWork: false), 3, before / 2);
    }

    [Fact]
    public void PromptRows_BesideEncoding_LeaveRoomForIt()
    {
        var pace = new StepPace(StepTime);
        for (var i = 0; i < 30; i++)
        {
            var rows = i < 5 ? 0 : pace.PromptRows(1, besideWork: false);
            pace.Measured(1, rows, TimeSpan.FromMilliseconds(20 + rows));
        }

        Assert.InRange(pace.PromptRows(1, besideWork: false), 11, 13);
        Assert.InRange(pace.PromptRows(1, besideWork: true), 7, 8);
        Assert.Equal(pace.Slice(0) / 2, pace.Slice(8));
    }

    [Fact]
    public void PromptRows_EvenAFewRowsCostTooMuch_Fewer()
    {
        var pace = new StepPace(StepTime);
        pace.Measured(1, 0, TimeSpan.FromMilliseconds(20));
        for (var i = 0; i < 10; i++)
        {
            var rows = pace.PromptRows(1, besideWork: false);
            pace.Measured(1, rows, TimeSpan.FromMilliseconds(20 + (18 * rows)));
        }

        Assert.Equal(1, pace.PromptRows(1, besideWork: false));
    }

    [Fact]
    public void PromptRows_NothingMeasured_AFewRows()
    {
        var pace = new StepPace(StepTime);
        Assert.Equal(3, pace.PromptRows(1, besideWork: false));
        Assert.Equal(4, pace.PromptRows(4, besideWork: false));
        Assert.Equal(64, pace.PromptRows(0, besideWork: false));
    }

    [Fact]
    public void PromptRows_NobodyIsAnswered_ASecondsWorth()
    {
        var pace = new StepPace(StepTime);
        pace.Measured(0, 64, TimeSpan.FromMilliseconds(320));
        Assert.InRange(pace.PromptRows(0, besideWork: true), 199, 200);
    }

    [Fact]
    public void Slice_SomeStepsAreHeldUp_StaysNearTheUndisturbedStep()
    {
        var pace = new StepPace(StepTime);
        for (var i = 0; i < 100; i++)
        {
            pace.Measured(1, 0, TimeSpan.FromMilliseconds(i % 4 == 3 ? 60 : 20));
        }

        Assert.InRange(pace.Slice(0).TotalMilliseconds, 14, 21);
    }

    [Fact]
    public void Slice_SlowEngine_IsBoundedByTheStepTime()
    {
        var pace = new StepPace(StepTime);
        pace.Measured(1, 0, TimeSpan.FromSeconds(3));
        Assert.Equal(StepTime, pace.Slice(0));
    }
}
