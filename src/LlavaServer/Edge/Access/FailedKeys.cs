using System.Net;
using System.Net.Sockets;

namespace LlavaServer.Edge.Access;

/// <summary>
/// Counts wrong keys by address, in spans of a minute that begin with an address's first failure. An IPv6 caller is its /64 network. Singleton,
/// thread-safe, bounded: beyond <see cref="MaxAddresses"/> the oldest span is forgotten.
/// </summary>
internal sealed class FailedKeys(TimeProvider time)
{
    public const int MaxFailures = 20;
    public const int MaxAddresses = 10_000;
    private static readonly TimeSpan Span = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Entry> _entries = [];
    private readonly LinkedList<IPAddress> _order = [];

    /// <summary>Notes a failure; the time to wait when the address has had its share of them, else null.</summary>
    public TimeSpan? Add(IPAddress address)
    {
        address = NetworkOf(address);
        lock (_lock)
        {
            ForgetEnded();
            if (!_entries.TryGetValue(address, out var entry))
            {
                if (_order.Count == MaxAddresses)
                {
                    ForgetFirst();
                }

                _entries.Add(address, new Entry(time.GetTimestamp()) { Failures = 1 });
                _order.AddLast(address);
                return null;
            }

            return ++entry.Failures <= MaxFailures ? null : Span - time.GetElapsedTime(entry.Began);
        }
    }

    /// <summary>Spans end in the order in which they began.</summary>
    private void ForgetEnded()
    {
        while (_order.First is { } first && time.GetElapsedTime(_entries[first.Value].Began) >= Span)
        {
            ForgetFirst();
        }
    }

    private void ForgetFirst()
    {
        _entries.Remove(_order.First!.Value);
        _order.RemoveFirst();
    }

    private static IPAddress NetworkOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private sealed class Entry(long began)
    {
        public long Began { get; } = began;

        public int Failures { get; set; }
    }
}
