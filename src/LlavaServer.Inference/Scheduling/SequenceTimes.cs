namespace LlavaServer.Inference.Scheduling;

/// <summary>When a sequence passed its stages, as timestamps of the process's time provider. Written on the scheduler thread.</summary>
internal sealed class SequenceTimes
{
    public TimeSpan Load { get; set; }

    /// <summary>While pictures are awaited.</summary>
    public long? EncodeStarted { get; set; }

    public TimeSpan Encode { get; set; }

    public long? PrefillStarted { get; set; }

    public long? FirstToken { get; set; }

    public long? Ended { get; set; }

    public GenerationTimings ToTimings(QueuePlace place, TimeProvider time)
    {
        var ended = Ended ?? time.GetTimestamp();
        var admitted = place.AdmittedAt == 0 ? ended : place.AdmittedAt;
        var firstToken = FirstToken ?? ended;
        var queued = time.GetElapsedTime(place.ReservedAt, admitted) - Load;
        var prefill = time.GetElapsedTime(PrefillStarted ?? admitted, firstToken) - Encode;
        return new GenerationTimings
        {
            Queued = AtLeastZero(queued),
            Load = Load,
            ImageEncode = Encode,
            Prefill = AtLeastZero(prefill),
            FirstToken = time.GetElapsedTime(place.ReservedAt, firstToken),
            Decode = time.GetElapsedTime(firstToken, ended),
            Total = time.GetElapsedTime(place.ReservedAt, ended),
        };
    }

    private static TimeSpan AtLeastZero(TimeSpan value) => value < TimeSpan.Zero ? TimeSpan.Zero : value;
}
