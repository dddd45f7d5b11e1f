namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Takes the white space off the beginning of an answer that arrives in pieces. One answer.</summary>
internal struct LeadingTrim
{
    private bool _hasText;

    public string Next(string piece)
    {
        if (_hasText)
        {
            return piece;
        }

        var text = piece.TrimStart();
        _hasText = text.Length > 0;
        return text;
    }
}
