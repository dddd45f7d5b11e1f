using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Loading;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>OpenAI's <c>system_fingerprint</c>: equal as long as model files, build and the settings that change answers are.</summary>
internal static class Fingerprint
{
    private static readonly ConcurrentDictionary<(string Digest, string Profile, int Context), string> s_known = new();

    public static string Of(ModelEntry model, EngineOptions engine) =>
        s_known.GetOrAdd((model.Digest, engine.VisionProfile, engine.ContextLength), static key =>
        {
            var text = $"{key.Digest}|{ProductVersion.Full}|{key.Profile}|{key.Context}";
            return "fp_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..10];
        });
}
