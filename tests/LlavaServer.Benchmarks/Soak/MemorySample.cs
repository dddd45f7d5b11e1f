namespace LlavaServer.Benchmarks.Soak;

/// <summary>What a server holds at one moment; -1 stands for what cannot be told.</summary>
internal readonly record struct MemorySample(double Seconds, int Requests, long ResidentBytes, long AnonymousBytes, long HeapBytes, int Threads, int Handles);
