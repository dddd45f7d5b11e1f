namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Which sequence runs in which of a scheduler's places, for those who look from outside. A sequence keeps its number while it runs. Changed on the
/// scheduler thread, read on any.
/// </summary>
internal sealed class SlotLanes(int count)
{
    private readonly Sequence?[] _lanes = new Sequence?[count];

    public int Count => _lanes.Length;

    public Sequence? this[int lane] => Volatile.Read(ref _lanes[lane]);

    public void Enter(Sequence sequence)
    {
        var lane = Array.IndexOf(_lanes, null);
        if (lane >= 0)
        {
            Volatile.Write(ref _lanes[lane], sequence);
        }
    }

    public void Leave(Sequence sequence)
    {
        var lane = Array.IndexOf(_lanes, sequence);
        if (lane >= 0)
        {
            Volatile.Write(ref _lanes[lane], null);
        }
    }

    public void Clear() => _lanes.AsSpan().Clear();
}
