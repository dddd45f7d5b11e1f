using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Utilities;

namespace LlavaServer.Models.Registry;

/// <summary>
/// The Ed25519 key by which Ollama's registry and the Hugging Face hub know an installation: <c>~/.ollama/id_ed25519</c> in OpenSSH's format, made when it
/// is not there. It signs, and never leaves. Immutable, thread-safe.
/// </summary>
public sealed class RegistryKey
{
    private const string EmptyBody = "ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ==";

    private readonly Ed25519PrivateKeyParameters _key;
    private readonly string _public;

    private RegistryKey(Ed25519PrivateKeyParameters key)
    {
        _key = key;
        _public = Convert.ToBase64String(OpenSshPublicKeyUtilities.EncodePublicKey(key.GeneratePublicKey()));
    }

    /// <summary>The line that an account is told.</summary>
    public string PublicLine => "ssh-ed25519 " + _public;

    /// <summary>Reads the key, or makes one. Null when the file is of another kind or cannot be read or made: then tokens are asked for without a name.</summary>
    /// <param name="path">Of the private key; the public one lies beside it.</param>
    public static RegistryKey? Open(string path)
    {
        try
        {
            if (!File.Exists(path))
            {
                Make(path);
            }

            var body = string.Concat(File.ReadLines(path).Where(static line => !line.StartsWith("-----", StringComparison.Ordinal)));
            return OpenSshPrivateKeyUtilities.ParsePrivateKeyBlob(Convert.FromBase64String(body)) is Ed25519PrivateKeyParameters key ? new RegistryKey(key) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    internal static string NewNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>Signs a GET without a body as Ollama does.</summary>
    internal void Sign(HttpRequestMessage request)
    {
        var text = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"GET,{request.RequestUri!.AbsoluteUri},{EmptyBody}"));
        var signature = new byte[Ed25519PrivateKeyParameters.SignatureSize];
        _key.Sign(Org.BouncyCastle.Math.EC.Rfc8032.Ed25519.Algorithm.Ed25519, null, text, 0, text.Length, signature, 0);
        request.Headers.TryAddWithoutValidation("Authorization", $"{_public}:{Convert.ToBase64String(signature)}");
    }

    private static void Make(string path)
    {
        var key = new Ed25519PrivateKeyParameters(RandomNumberGenerator.GetBytes(Ed25519PrivateKeyParameters.KeySize), 0);
        var blob = Convert.ToBase64String(OpenSshPrivateKeyUtilities.EncodePrivateKey(key), Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new StreamWriter(path, Encoding.ASCII, options))
        {
            file.Write($"-----BEGIN OPENSSH PRIVATE KEY-----\n{blob}\n-----END OPENSSH PRIVATE KEY-----\n");
        }

        File.WriteAllText(path + ".pub", new RegistryKey(key).PublicLine + "\n");
    }
}
