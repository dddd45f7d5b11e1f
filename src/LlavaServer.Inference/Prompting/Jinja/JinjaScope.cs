namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Names of a template, a loop round or a macro call; what it does not know, its parent may.</summary>
internal sealed class JinjaScope(JinjaScope? parent)
{
    private readonly Dictionary<string, object?> _names = [];

    public void Set(string name, object? value) => _names[name] = value;

    public bool TryGet(string name, out object? value)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._names.TryGetValue(name, out value))
            {
                return true;
            }
        }

        value = null;
        return false;
    }

    private JinjaScope? Parent { get; } = parent;
}
