using System.Net.Sockets;

namespace LlavaServer.Endpoints;

/// <summary>Who is treated as one client by the queue: what one caller cannot have many of.</summary>
internal static class ClientNames
{
    /// <summary>Bytes of an IPv6 address that name a network: a caller has all addresses of one.</summary>
    private const int NetworkBytes = 8;

    public static string Of(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } address)
        {
            return "";
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, NetworkBytes))
            : address.ToString();
    }
}
