using System.Net.Sockets;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints;

/// <summary>Who is treated as one client by the queue: the name of its key, else the address or network it calls from.</summary>
internal static class ClientNames
{
    /// <summary>Bytes of an IPv6 address that name a network: a caller has all addresses of one.</summary>
    private const int NetworkBytes = 8;

    public static string Of(HttpContext context)
    {
        if (RequestRecord.Of(context).KeyName is { } key)
        {
            return "key " + key;
        }

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
