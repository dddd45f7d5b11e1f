using LlavaServer.Cli.Client;
using Spectre.Console;

namespace LlavaServer.Cli.Eval.Asking;

/// <summary>How far a run is: a bar on a terminal, a line for each tenth elsewhere. Written to standard error. Safe for several threads.</summary>
internal sealed class EvalProgress(string name, TextWriter? lines)
{
    private readonly Lock _gate = new();
    private ProgressTask? _bar;
    private int _all;
    private int _done;
    private int _failed;
    private int _told;

    /// <summary>Runs <paramref name="work"/> with a bar if standard error is a terminal.</summary>
    public static async Task ShowAsync(string name, Func<EvalProgress, Task> work)
    {
        if (Console.IsErrorRedirected)
        {
            await work(new EvalProgress(name, Console.Error));
            return;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new EvalProgress(name, null) { _bar = context.AddTask(Markup.Escape(TerminalText.Harmless(name))) }));
    }

    /// <param name="all">Questions of the set.</param>
    /// <param name="present">Answered earlier.</param>
    public void Begin(int all, int present)
    {
        (_all, _done) = (all, present);
        _told = Tenths;
        if (present > 0)
        {
            lines?.WriteLine(TerminalText.Harmless($"{name}: {present} of {all} answered before"));
        }

        Show();
    }

    public void Answered()
    {
        lock (_gate)
        {
            _done++;
            Show();
        }
    }

    public void HasFailed()
    {
        lock (_gate)
        {
            _done++;
            _failed++;
            Show();
        }
    }

    private int Tenths => _all == 0 ? 10 : (int)(10L * _done / _all);

    private void Show()
    {
        if (_bar is not null)
        {
            _bar.MaxValue = Math.Max(1, _all);
            _bar.Value = _done;
            _bar.Description = Markup.Escape(TerminalText.Harmless(_failed == 0 ? $"{name} {_done}/{_all}" : $"{name} {_done}/{_all}, {_failed} failed"));
        }
        else if (Tenths > _told)
        {
            _told = Tenths;
            lines?.WriteLine(TerminalText.Harmless($"{name}: {_told * 10} % ({_done} of {_all}{(_failed == 0 ? "" : $", {_failed} failed")})"));
        }
    }
}
