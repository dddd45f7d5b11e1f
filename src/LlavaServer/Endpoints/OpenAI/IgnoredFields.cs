namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Tells a caller which fields of its request had no effect. Names only, harmless in a header.</summary>
internal static class IgnoredFields
{
    public static void Tell(HttpContext context, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            context.Response.Headers["llava-ignored-params"] = string.Join(',', names);
        }
    }
}
