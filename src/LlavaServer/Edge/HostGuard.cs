using System.Net;
using System.Net.NetworkInformation;
using LlavaServer.Configuration;
using LlavaServer.Endpoints;
using Microsoft.Extensions.Options;

namespace LlavaServer.Edge;

/// <summary>
/// Against DNS rebinding (CVE-2024-28224): a server that listens on loopback answers only for names and addresses of this machine and of private
/// networks. Without effect when it listens beyond loopback.
/// </summary>
internal sealed class HostGuard(RequestDelegate next, IOptions<SecurityOptions> security, IOptions<ServerOptions> server)
{
    private readonly bool _isOn = server.Value.Address.IsLoopback;
    private readonly HashSet<string> _allowed = new(SecurityOptions.Split(security.Value.AllowedHosts), StringComparer.OrdinalIgnoreCase);
    private readonly string _machine = Dns.GetHostName();
    private readonly HashSet<IPAddress> _own = [.. NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(static network => network.GetIPProperties().UnicastAddresses).Select(static address => address.Address)];

    public Task InvokeAsync(HttpContext context)
    {
        var header = context.Request.Headers.Host.ToString();
        if (header.AsSpan().IndexOfAny(@"@/\?#") >= 0)
        {
            throw new RequestException(400, "invalid_value", "The Host header must be a host name with an optional port.");
        }

        if (_isOn && header.Length > 0 && !IsAllowed(context.Request.Host.Host))
        {
            throw new RequestException(403, "host_not_allowed", "This server does not answer for that Host (Security:AllowedHosts).");
        }

        return next(context);
    }

    private bool IsAllowed(string name)
    {
        name = name.TrimEnd('.');
        if (name.Length == 0)
        {
            return false;
        }

        if (IPAddress.TryParse(name.Trim('[', ']'), out var address))
        {
            address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            return IsPlain(name, address) && (PrivateNetworks.Contains(address) || _own.Contains(address) || _allowed.Contains(name));
        }

        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || name.Equals(_machine, StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".local", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".internal", StringComparison.OrdinalIgnoreCase)
            || _allowed.Contains(name);
    }

    /// <summary>.NET also reads <c>127.1</c> and <c>0x7f000001</c> as addresses; no client sends those as its host.</summary>
    private static bool IsPlain(string name, IPAddress address) => name.Contains(':', StringComparison.Ordinal) || name == address.ToString();
}
