using System.Net;
using LlavaServer.Edge.Access;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Tests.Edge.Access;

public sealed class FailedKeysTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void NET12_Add_TwentyAMinuteAndAddress()
    {
        var failures = new FailedKeys(_time);
        var guesser = IPAddress.Parse("192.0.2.1");
        for (var i = 0; i < FailedKeys.MaxFailures; i++)
        {
            Assert.Null(failures.Add(guesser));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(TimeSpan.FromSeconds(40), failures.Add(guesser));
        Assert.Equal(TimeSpan.FromSeconds(40), failures.Add(IPAddress.Parse("::ffff:192.0.2.1")));
        Assert.Null(failures.Add(IPAddress.Parse("192.0.2.2")));
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.Null(failures.Add(guesser));
    }

    [Fact]
    public void NET12_Add_IPv6NetworkIsOneCaller()
    {
        var failures = new FailedKeys(_time);
        for (var i = 0; i < FailedKeys.MaxFailures; i++)
        {
            Assert.Null(failures.Add(IPAddress.Parse($"2001:db8:1:1::{i}")));
        }

        Assert.NotNull(failures.Add(IPAddress.Parse("2001:db8:1:1:ffff::1")));
        Assert.Null(failures.Add(IPAddress.Parse("2001:db8:1:2::1")));
    }

    [Fact]
    public void NET12_Add_ManyAddresses_StayBounded()
    {
        var failures = new FailedKeys(_time);
        var first = new IPAddress([10, 255, 255, 255]);
        for (var i = 0; i <= FailedKeys.MaxFailures; i++)
        {
            failures.Add(first);
        }

        for (var i = 0; i < FailedKeys.MaxAddresses - 1; i++)
        {
            Assert.Null(failures.Add(AddressOf(i)));
        }

        Assert.NotNull(failures.Add(first));
        Assert.Null(failures.Add(AddressOf(FailedKeys.MaxAddresses)));
        Assert.Null(failures.Add(first));
    }

    private static IPAddress AddressOf(int i) => new([10, 0, (byte)(i >> 8), (byte)i]);
}
