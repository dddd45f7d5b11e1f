using System.Net;
using LlavaServer.Configuration;
using LlavaServer.Endpoints;
using LlavaServer.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Edge.Access;

/// <summary>
/// Asks for a key by the group of the matched route, never by its path: a request that matches no route, or one without a group, needs a key as well.
/// Runs after routing and before any route. Without keys configured only changes of models are guarded: they come from this machine.
/// </summary>
internal sealed class KeyGuard(RequestDelegate next, ApiKeys keys, FailedKeys failures, IOptions<SecurityOptions> options)
{
    private readonly bool _remoteManagement = options.Value.AllowRemoteManagement;

    public Task InvokeAsync(HttpContext context)
    {
        var group = context.GetEndpoint()?.Metadata.GetMetadata<AccessMetadata>()?.Group ?? AccessGroup.Use;
        if (group != AccessGroup.Open)
        {
            if (keys.IsOn)
            {
                CheckKey(context, group);
            }
            else if (group == AccessGroup.Manage && !_remoteManagement && !IsLocal(context))
            {
                throw new RequestException(
                    403, "management_not_allowed",
                    "Models are changed from the server's own machine only: set Security:ApiKeys and use an admin key, or Security:AllowRemoteManagement.");
            }
        }

        return next(context);
    }

    private void CheckKey(HttpContext context, AccessGroup group)
    {
        var text = Credential.Of(context.Request.Headers, out var isDoubtful);
        if (text is { Length: > 0 } && keys.Find(text) is { } key)
        {
            RequestRecord.Of(context).KeyName = key.Name;
            if (group == AccessGroup.Manage && !key.IsAdmin)
            {
                throw new RequestException(403, "admin_key_required", "This call needs an admin key (Security:ApiKeys, name:key:admin).");
            }

            return;
        }

        // A request without a key is a mistake, not a guess.
        if ((isDoubtful || text is { Length: > 0 }) && failures.Add(context.Connection.RemoteIpAddress ?? IPAddress.None) is { } wait)
        {
            throw new RequestException(429, "too_many_wrong_keys", $"More than {FailedKeys.MaxFailures} wrong API keys in a minute from this address.") { RetryAfter = wait };
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        throw new RequestException(
            401, "invalid_api_key",
            isDoubtful ? "Send exactly one API key, as 'Authorization: Bearer <key>'."
            : text is null ? "This server asks for an API key (Security:ApiKeys): send 'Authorization: Bearer <key>'."
            : "The API key is wrong.");
    }

    private static bool IsLocal(HttpContext context) => context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address);
}
