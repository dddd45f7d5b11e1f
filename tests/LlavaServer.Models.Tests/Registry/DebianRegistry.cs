using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace LlavaServer.Models.Tests.Registry;

/// <summary>
/// The distribution registry as Debian packages it (<c>docker-registry</c>), a process on loopback with a folder of its own; with tokens that are signed
/// here, when asked for. Skips the test where it is not installed. Owned by one test.
/// </summary>
internal sealed class DebianRegistry : IAsyncDisposable
{
    public const string Service = "llava tests";
    private const string Issuer = "llava";
    private const string Program = "docker-registry";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-registry-");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;
    private Process? _process;

    private DebianRegistry()
    {
        var request = new CertificateRequest("CN=llava", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    public string Authority { get; } = $"127.0.0.1:{FreePort()}";

    /// <param name="realm">Where tokens are to be asked for; null is a registry without tokens.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<DebianRegistry> StartAsync(string? realm, CancellationToken cancellationToken)
    {
        var isInstalled = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Any(static folder => File.Exists(Path.Combine(folder, Program)));
        Assert.SkipUnless(isInstalled, $"{Program} is not installed");
        var registry = new DebianRegistry();
        try
        {
            await registry.RunAsync(realm, cancellationToken);
            return registry;
        }
        catch
        {
            await registry.DisposeAsync();
            throw;
        }
    }

    /// <summary>A token for whatever is asked (RFC 7519, with the certificate beside it).</summary>
    public string Token(string scope)
    {
        var (type, name, actions) = scope.Split(':') switch
        {
            [var first, .. var middle, var last] => (first, string.Join(':', middle), last.Split(',')),
            _ => throw new ArgumentException(scope, nameof(scope)),
        };
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var header = JsonSerializer.Serialize(new { typ = "JWT", alg = "ES256", x5c = new[] { Convert.ToBase64String(_certificate.RawData) } });
        var claims = JsonSerializer.Serialize(new
        {
            iss = Issuer,
            sub = "tester",
            aud = Service,
            exp = now + 300,
            nbf = now - 60,
            iat = now,
            jti = "1",
            access = new[] { new { type, name, actions } },
        });
        var text = $"{Encode(Encoding.UTF8.GetBytes(header))}.{Encode(Encoding.UTF8.GetBytes(claims))}";
        return $"{text}.{Encode(_key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _certificate.Dispose();
        _key.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task RunAsync(string? realm, CancellationToken cancellationToken)
    {
        var bundle = Path.Combine(_folder.FullName, "root.pem");
        await File.WriteAllTextAsync(bundle, _certificate.ExportCertificatePem(), cancellationToken);
        var auth = realm is null ? "" : $"auth:\n  token:\n    realm: {realm}\n    service: {Service}\n    issuer: {Issuer}\n    rootcertbundle: {bundle}\n";
        var settings = Path.Combine(_folder.FullName, "config.yml");
        await File.WriteAllTextAsync(
            settings,
            $"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {_folder.FullName}/data\nhttp:\n  addr: {Authority}\n  relativeurls: true\n  secret: s\n{auth}",
            cancellationToken);
        _process = Process.Start(new ProcessStartInfo(Program, ["serve", settings]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        using var http = new HttpClient();
        while (true)
        {
            try
            {
                using var response = await http.GetAsync(new Uri($"http://{Authority}/v2/"), cancellationToken);
                return;
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                await Task.Delay(20, cancellationToken);
            }
        }
    }

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
