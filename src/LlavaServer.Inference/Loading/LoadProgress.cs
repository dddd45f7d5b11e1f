namespace LlavaServer.Inference.Loading;

/// <summary>How far a load is, and when it last got on. Written by the loading thread, read by any.</summary>
internal sealed class LoadProgress(TimeProvider time) : IProgress<double>
{
    private double _value;
    private long _changedAt = time.GetTimestamp();

    /// <summary>0 to 1.</summary>
    public double Value => Volatile.Read(ref _value);

    /// <summary>Time since the last report that was higher than all before.</summary>
    public TimeSpan SinceChange => time.GetElapsedTime(Volatile.Read(ref _changedAt));

    public void Report(double value)
    {
        if (value > Volatile.Read(ref _value))
        {
            Volatile.Write(ref _value, Math.Min(1, value));
            Volatile.Write(ref _changedAt, time.GetTimestamp());
        }
    }

    /// <summary>The load begins now.</summary>
    public void Begin() => Volatile.Write(ref _changedAt, time.GetTimestamp());
}
