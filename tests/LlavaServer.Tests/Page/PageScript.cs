using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Page;

/// <summary>
/// The engine behind the page's tests. The last message tells it what to do: <c>#tokens 500</c> words, <c>#slow 20</c> milliseconds a token,
/// <c>#fail 5</c> at the token of that number, <c>#line 256</c> blocks of 4,096 letters without a space, <c>#echo</c> says what follows it. What a prompt
/// cannot tell (loading, pictures, reading the prompt) is set from outside. Used by scheduler threads and the tests' control.
/// </summary>
internal sealed partial class PageScript
{
    private const int WordCount = 1_000;
    private const string Usual = "A red circle on a white ground.";

    private readonly ConcurrentDictionary<(int Thread, int Sequence), int> _paces = new();
    private readonly ConcurrentQueue<SeenPicture> _seen = new();

    public PageScript()
    {
        Factory = new ScriptedEngineFactory
        {
            ContextLength = 16_384,
            Words = [.. Enumerable.Range(0, WordCount).Select(static number => $"\u2581word{number}"), new string('x', 4_096)],
            Tokens = Answer,
            OnDecode = Step,
            OnLoading = Load,
        };
        Factory.Vision.OnEncode = Encode;
        Factory.Vision.OnPicture = picture => _seen.Enqueue(new SeenPicture(picture));
    }

    public ScriptedEngineFactory Factory { get; }

    /// <summary>Milliseconds that loading a model takes.</summary>
    public int LoadTime { get; set; }

    /// <summary>Milliseconds that a picture takes.</summary>
    public int EncodeTime { get; set; }

    /// <summary>Milliseconds that a step with a part of a prompt takes.</summary>
    public int PrefillTime { get; set; }

    /// <summary>What is answered to a message without an order.</summary>
    public string Saying { get; set; } = Usual;

    /// <summary>Milliseconds of a token of an answer whose message has no pace of its own.</summary>
    public int Pace { get; set; }

    /// <summary>No token waits any more, whatever its message said: an answer that was slow until a test has seen it ends at once.</summary>
    public bool Hurries { get; set; }

    /// <summary>What each step throws; null steps.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Pictures that were encoded, since the last <see cref="Forget"/>.</summary>
    public IReadOnlyCollection<SeenPicture> Seen => _seen;

    public void Forget()
    {
        (LoadTime, EncodeTime, PrefillTime, Pace, Saying, Fault, Hurries) = (0, 0, 0, 0, Usual, null, false);
        _seen.Clear();
    }

    private List<int> Answer(SequenceId sequence, string prompt)
    {
        var message = LastMessage(prompt);
        var orders = Order().Matches(message).ToDictionary(static match => match.Groups[1].Value, static match => int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
        _paces[(Environment.CurrentManagedThreadId, sequence.Value)] = orders.GetValueOrDefault("slow", Pace);
        List<int> answer = [.. Said(message, orders)];
        if (orders.TryGetValue("fail", out var at) && at < answer.Count)
        {
            answer[at] = ScriptedVocabulary.Broken;
        }

        return answer;
    }

    private IEnumerable<int> Said(string message, Dictionary<string, int> orders)
    {
        if (orders.TryGetValue("tokens", out var words))
        {
            return Enumerable.Range(0, words).Select(static number => ScriptedVocabulary.Size + (number % WordCount));
        }

        if (orders.TryGetValue("line", out var blocks))
        {
            return Enumerable.Repeat(ScriptedVocabulary.Size + WordCount, blocks);
        }

        var echo = message.IndexOf("#echo", StringComparison.Ordinal);
        var text = echo < 0 ? Saying : message[(echo + "#echo".Length)..].Trim();
        return Encoding.UTF8.GetBytes(text).Select(static value => ScriptedVocabulary.FirstByte + value);
    }

    private static string LastMessage(string prompt)
    {
        var start = prompt.LastIndexOf("USER: ", StringComparison.Ordinal);
        var end = prompt.LastIndexOf("ASSISTANT:", StringComparison.Ordinal);
        return start < 0 || end < start ? prompt : prompt[(start + "USER: ".Length)..end];
    }

    private void Step(Batch batch)
    {
        if (Fault is { } fault)
        {
            throw fault;
        }

        var wait = 0;
        foreach (var rows in batch.Rows.ToArray().GroupBy(static row => row.Sequence.Value))
        {
            if (rows.Count() > 1)
            {
                wait = Math.Max(wait, PrefillTime);
            }
            else if (!Hurries && _paces.TryGetValue((Environment.CurrentManagedThreadId, rows.Key), out var slow))
            {
                wait = Math.Max(wait, slow);
            }
        }

        Thread.Sleep(wait);
    }

    private void Load(IProgress<double>? progress)
    {
        const int Parts = 100;
        for (var part = 0; part < Parts && LoadTime > 0; part++)
        {
            Thread.Sleep(LoadTime / Parts);
            progress?.Report((part + 1.0) / Parts);
        }
    }

    private void Encode(CancellationToken cancellationToken)
    {
        if (EncodeTime > 0)
        {
            cancellationToken.WaitHandle.WaitOne(EncodeTime);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    [GeneratedRegex(@"#(tokens|slow|fail|line) (\d+)")]
    private static partial Regex Order();
}
