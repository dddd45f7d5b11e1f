using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Cli.Client;
using LlavaServer.Models.Modelfiles;

namespace LlavaServer.Cli.Create;

/// <summary>A Modelfile as what the server is asked for, and the files of this machine that it is asked to make it of. One call of the verb.</summary>
internal sealed class ModelRecipe
{
    private readonly List<(string Member, string Name, string Path)> _files = [];
    private readonly string _folder;

    private ModelRecipe(Modelfile file, string folder)
    {
        _folder = folder;
        Add(file);
    }

    /// <summary>The body of the request, but for the digests of files.</summary>
    public JsonObject Body { get; } = [];

    /// <summary>Parameters that are left out.</summary>
    public List<string> Deprecated { get; } = [];

    /// <summary>Throws <see cref="VerbException"/> for a Modelfile that is not there or breaks a rule, and for a file that it names and that is not there.</summary>
    public static async Task<ModelRecipe> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var isInput = path == "-";
            await using var stream = isInput ? Console.OpenStandardInput() : File.OpenRead(path);
            using var text = new MemoryStream();
            await stream.CopyToAsync(text, cancellationToken);
            var folder = isInput ? Environment.CurrentDirectory : Path.GetDirectoryName(Path.GetFullPath(path))!;
            return new ModelRecipe(Modelfile.Parse(text.GetBuffer().AsSpan(0, (int)text.Length)), folder);
        }
        catch (ModelfileException failure)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{path}: {failure.Message}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"The Modelfile {path} cannot be read.");
        }
    }

    /// <summary>Uploads what the server does not have, and has it create the model. Each step is a line as the server writes them.</summary>
    public async IAsyncEnumerable<JsonElement> RunAsync(ServerClient client, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var (member, name, path) in _files)
        {
            var upload = new FileUpload(client, name, path);
            await foreach (var step in upload.RunAsync(cancellationToken))
            {
                yield return step;
            }

            var digests = Body[member] as JsonObject ?? [];
            digests[name] = upload.Digest;
            Body[member] = digests;
        }

        await foreach (var line in client.LinesAsync("api/create", Body, cancellationToken))
        {
            yield return line;
        }
    }

    private void Add(Modelfile file)
    {
        foreach (var from in file.Values(ModelfileInstructionKind.From))
        {
            if (!AddFiles("files", from))
            {
                Body["from"] = Body["from"] is null ? from : throw new VerbException(ExitCodes.WrongUsage, $"FROM {from}: there is a model to begin with already, and no such file.");
            }
        }

        AddSideFiles(file, ModelfileInstructionKind.Adapter, "adapters");
        AddSideFiles(file, ModelfileInstructionKind.Draft, "draft_files");
        foreach (var (kind, member) in (ReadOnlySpan<(ModelfileInstructionKind, string)>)
            [
                (ModelfileInstructionKind.Template, "template"), (ModelfileInstructionKind.System, "system"), (ModelfileInstructionKind.Renderer, "renderer"),
                (ModelfileInstructionKind.Parser, "parser"), (ModelfileInstructionKind.Requires, "requires"),
            ])
        {
            if (file.Last(kind) is { } text)
            {
                Body[member] = text;
            }
        }

        AddList("license", file.Values(ModelfileInstructionKind.License).Select(static text => (JsonNode)text));
        AddList("messages", file.Instructions.Where(static instruction => instruction.Kind == ModelfileInstructionKind.Message)
            .Select(static message => new JsonObject { ["role"] = message.Name, ["content"] = message.Value }));
        if (ModelfileParameters.Read(file, Deprecated) is { Count: > 0 } parameters)
        {
            Body["parameters"] = parameters;
        }
    }

    private void AddList(string member, IEnumerable<JsonNode> items)
    {
        var list = new JsonArray([.. items]);
        if (list.Count > 0)
        {
            Body[member] = list;
        }
    }

    private void AddSideFiles(Modelfile file, ModelfileInstructionKind kind, string member)
    {
        foreach (var path in file.Values(kind))
        {
            if (!AddFiles(member, path))
            {
                throw new VerbException(ExitCodes.WrongUsage, $"{kind.ToString().ToUpperInvariant()} {path}: there is no such file or folder.");
            }
        }
    }

    // False for what is no file or folder here: the name of a model.
    private bool AddFiles(string member, string value)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var path = Path.Combine(_folder, value == "~" ? home : value.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(home, value[2..]) : value);
        if (Directory.Exists(path))
        {
            foreach (var (name, file) in ModelFolder.Files(path))
            {
                AddFile(member, name, file);
            }

            return true;
        }

        if (File.Exists(path))
        {
            AddFile(member, Path.GetFileName(path), path);
            return true;
        }

        return value is not ['.' or '/' or '~', ..] && !value.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
            ? false
            : throw new VerbException(ExitCodes.WrongUsage, $"{value}: there is no such file or folder.");
    }

    private void AddFile(string member, string name, string path)
    {
        if (_files.Exists(file => file.Member == member && file.Name == name))
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{name}: two files of this name are part of the model.");
        }

        _files.Add((member, name, path));
    }
}
