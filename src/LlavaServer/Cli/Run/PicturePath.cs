namespace LlavaServer.Cli.Run;

/// <summary>Spellings of a path, as people type them and as terminals and file managers drop them.</summary>
internal static class PicturePath
{
    private static readonly string[] s_endings = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"];

    /// <summary>The path that a word means: <c>~</c> and <c>file:</c> addresses resolved.</summary>
    public static string Resolve(string word)
    {
        if (word.StartsWith("file:", StringComparison.OrdinalIgnoreCase) && Uri.TryCreate(word, UriKind.Absolute, out var uri) && uri.IsFile)
        {
            return uri.LocalPath;
        }

        if (word == "~" || word.StartsWith("~/", StringComparison.Ordinal) || word.StartsWith("~\\", StringComparison.Ordinal))
        {
            return Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), word[1..].TrimStart('/', '\\'));
        }

        return word;
    }

    /// <summary>Whether a word can only be meant as the path of a picture: it has a name and a picture's ending, and is no address of the web.</summary>
    public static bool LooksLikePicture(string word)
    {
        var ending = Array.Find(s_endings, ending => word.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
        return ending is not null
            && word.Length > ending.Length
            && word[^(ending.Length + 1)] is not ('/' or '\\')
            && (!word.Contains("://", StringComparison.Ordinal) || word.StartsWith("file:", StringComparison.OrdinalIgnoreCase));
    }
}
