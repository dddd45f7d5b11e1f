using System.Text.RegularExpressions;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Bodies with what differs from run to run replaced: ids, times, the build's fingerprint.</summary>
internal static partial class WireText
{
    public const string Timings =
        """{"cache_n":N,"prompt_n":N,"prompt_ms":T,"prompt_per_token_ms":T,"prompt_per_second":T,"predicted_n":N,"predicted_ms":T,"predicted_per_token_ms":T,"predicted_per_second":T,"image_n":0,"image_encode_ms":T,"queue_ms":T,"load_ms":T,"ttft_ms":T}""";

    public static string Normalised(string body)
    {
        body = Id().Replace(body, "$1ID");
        body = Created().Replace(body, "\"created\":1");
        body = Print().Replace(body, "fp_0");
        body = Time().Replace(body, "$1T");
        return Count().Replace(body, "$1N");
    }

    [GeneratedRegex("(chatcmpl-|cmpl-)[A-Za-z0-9]{28}")]
    private static partial Regex Id();

    [GeneratedRegex("\"created\":1[0-9]{9}\\b")]
    private static partial Regex Created();

    [GeneratedRegex("fp_[0-9a-f]{10}\\b")]
    private static partial Regex Print();

    [GeneratedRegex("(\"[a-z_]+(?:_ms|_per_second)\":)[0-9]+(?:\\.[0-9]+)?(?:E[+-]?[0-9]+)?")]
    private static partial Regex Time();

    [GeneratedRegex("(\"(?:cache_n|prompt_n|predicted_n|prompt_tokens|completion_tokens|total_tokens|cached_tokens|text_tokens)\":)[0-9]+")]
    private static partial Regex Count();
}
