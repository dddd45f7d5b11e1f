namespace LlavaServer.Edge.Remote;

/// <summary>A name that does not lead to public addresses only, for whatever reason: callers are not told which.</summary>
internal sealed class RefusedAddressException() : IOException("not a public address");
