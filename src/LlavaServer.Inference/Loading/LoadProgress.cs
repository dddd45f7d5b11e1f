namespace LlavaServer.Inference.Loading;

/// <summary>How far a load is, and when it last got on. Written by the loading thread, read by any.</summary>
internal sealed class LoadProgress(TimeProvider time) : IProgress<double>
{
    /// <summary>Part of the load from which on its pace tells when it ends.</summary>
    private const double Telling = 0.05;

    private double _value;
    private long _beganAt = time.GetTimestamp();
    private long _changedAt = time.GetTimestamp();

    /// <summary>0 to 1.</summary>
    public double Value => Volatile.Read(ref _value);

    /// <summary>Time since the last report that was higher than all before.</summary>
    public TimeSpan SinceChange => time.GetElapsedTime(Volatile.Read(ref _changedAt));

    /// <summary>Time to the end at the pace so far; null while too little is done to tell.</summary>
    public TimeSpan? Remaining => Value is >= Telling and var done ? time.GetElapsedTime(Volatile.Read(ref _beganAt)) * ((1 - done) / done) : null;

    public void Report(double value)
    {
        if (value > Volatile.Read(ref _value))
        {
            Volatile.Write(ref _value, Math.Min(1, value));
            Volatile.Write(ref _changedAt, time.GetTimestamp());
        }
    }

    /// <summary>The load begins now.</summary>
    public void Begin()
    {
        Volatile.Write(ref _beganAt, time.GetTimestamp());
        Volatile.Write(ref _changedAt, time.GetTimestamp());
    }
}
