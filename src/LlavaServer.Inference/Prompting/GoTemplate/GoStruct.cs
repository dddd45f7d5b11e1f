namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>A value with named fields. Immutable.</summary>
/// <param name="Type">Name of the type for errors; with an asterisk it is a pointer.</param>
/// <param name="Shape">How it prints.</param>
/// <param name="Fields">In the order of their declaration.</param>
internal sealed record GoStruct(string Type, GoShape Shape, params GoStructField[] Fields)
{
    public bool IsPointer => Type[0] == '*';

    public GoStructField? Find(string name) => Array.Find(Fields, f => f.Name == name);
}
