using System.Net;

namespace LlavaServer.Edge;

/// <summary>Addresses that are this machine or a private network: loopback, unspecified, RFC 1918, unique local.</summary>
internal static class PrivateNetworks
{
    private static readonly IPNetwork[] s_networks =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("0.0.0.0/32"), IPNetwork.Parse("::/128"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fc00::/7"),
    ];

    public static bool Contains(IPAddress address) => s_networks.Any(network => network.Contains(address));
}
