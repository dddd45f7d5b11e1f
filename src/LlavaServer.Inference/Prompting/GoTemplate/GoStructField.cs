namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>A field of a <see cref="GoStruct"/>.</summary>
/// <param name="Name">As templates name it.</param>
/// <param name="Value">Its value.</param>
/// <param name="Json">Its name in JSON.</param>
/// <param name="OmitsEmpty">Whether JSON leaves it out when it is empty.</param>
internal sealed record GoStructField(string Name, object? Value, string Json, bool OmitsEmpty = false);
