using System.Net;
using System.Net.Sockets;

namespace LlavaServer.Edge.Remote;

/// <summary>
/// Which addresses may be connected to on behalf of a caller: none of the special-purpose blocks of the IANA registries, and no form of IPv6 that
/// carries an IPv4 address of one.
/// </summary>
internal static class PublicAddresses
{
    private static readonly IPNetwork[] s_special =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "3fff::/20", "5f00::/16",
        }.Select(static block => IPNetwork.Parse(block)),
    ];

    private static readonly IPNetwork s_compatible = IPNetwork.Parse("::/96");
    private static readonly IPNetwork s_translated = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork s_sixToFour = IPNetwork.Parse("2002::/16");

    public static bool Contains(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            if (address.ScopeId != 0 || s_compatible.Contains(address))
            {
                return false;
            }

            var bytes = address.GetAddressBytes();
            if (address.IsIPv4MappedToIPv6 || s_translated.Contains(address))
            {
                address = new IPAddress(bytes.AsSpan(12));
            }
            else if (s_sixToFour.Contains(address))
            {
                address = new IPAddress(bytes.AsSpan(2, 4));
            }
        }

        foreach (var network in s_special)
        {
            if (network.Contains(address))
            {
                return false;
            }
        }

        return true;
    }
}
