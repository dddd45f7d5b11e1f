namespace LlavaServer.Models.Tokenization;

/// <summary>Cuts a text into words: adds the end of each word, the last being <paramref name="offset"/> plus the text's length.</summary>
/// <param name="text">Code points.</param>
/// <param name="offset">Added to every end.</param>
/// <param name="ends">Receives the ends in ascending order.</param>
internal delegate void WordSplitter(ReadOnlySpan<int> text, int offset, List<int> ends);
