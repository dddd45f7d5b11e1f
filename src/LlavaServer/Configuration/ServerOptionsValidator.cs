using Microsoft.Extensions.Options;

namespace LlavaServer.Configuration;

/// <summary>Checks the ranges of the host's settings (generated from the attributes).</summary>
[OptionsValidator]
internal sealed partial class ServerOptionsValidator : IValidateOptions<ServerOptions>;
