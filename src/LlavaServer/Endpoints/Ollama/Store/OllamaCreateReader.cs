using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting.Named;
using LlavaServer.Models.Creation;
using LlavaServer.Models.Store;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>Reads and checks bodies of <c>/api/create</c>. The order of checks, and the texts that are Ollama's own, are part of the dialect.</summary>
internal static partial class OllamaCreateReader
{
    // Members of "info" and what they are called in a model's configuration.
    private static readonly Dictionary<string, (string Name, JsonValueKind Kind)> s_information = new(StringComparer.Ordinal)
    {
        ["capabilities"] = ("capabilities", JsonValueKind.Array),
        ["model_family"] = ("model_family", JsonValueKind.String),
        ["base_name"] = ("base_name", JsonValueKind.String),
        ["parameter_size"] = ("model_type", JsonValueKind.String),
        ["quantization_level"] = ("file_type", JsonValueKind.String),
        ["context_length"] = ("context_length", JsonValueKind.Number),
        ["embedding_length"] = ("embedding_length", JsonValueKind.Number),
    };

    /// <summary>Throws 400 for what is wrong.</summary>
    public static OllamaCreateRequest Read(JsonFields root)
    {
        var (files, adapters, drafts) = (Files(root, "files"), Files(root, "adapters"), Files(root, "draft_files"));
        var from = root.String("from") ?? "";
        ModelName? fromName = null;
        if (!ModelName.TryParse(OllamaShowEndpoint.NameIn(root), out var name) || (from.Length > 0 && !ModelName.TryParse(from, out fromName)))
        {
            throw OllamaErrors.InvalidModelName();
        }

        if (root.String("remote_host") is { Length: > 0 })
        {
            throw new RequestException(StatusCodes.Status403Forbidden, "cloud_disabled", "ollama cloud is disabled: remote model is unavailable", "remote_host");
        }

        if (from.Length == 0 && files is null)
        {
            throw RequestException.InvalidValue("from", "neither 'from' or 'files' was specified");
        }

        if (from.Length == 0 && files is { Count: 0 })
        {
            throw RequestException.InvalidValue("files", "no files provided to convert");
        }

        var ignored = new List<string>();
        return new OllamaCreateRequest
        {
            Name = name,
            Stream = root.Boolean("stream") ?? true,
            IsInsecure = root.Boolean("insecure") ?? false,
            From = fromName,
            Files = files ?? [],
            Adapters = adapters ?? [],
            Drafts = drafts ?? [],
            Quantization = root.String("quantize") is { Length: > 0 } quantize ? quantize : root.String("quantization"),
            DraftQuantization = root.String("draft_quantize"),
            Template = Template(root),
            System = root.String("system"),
            Licenses = Licenses(root),
            Parameters = Parameters(root),
            Messages = Messages(root),
            Description = Description(root, ignored),
            Ignored = ignored,
        };
    }

    private static List<CreationFile>? Files(JsonFields root, string name)
    {
        if (root.Object(name) is not { } members)
        {
            return null;
        }

        var files = new List<CreationFile>();
        foreach (var member in members.Members())
        {
            if (member.Name.Split('/').Any(static part => part is "" or "." or ".."))
            {
                throw RequestException.InvalidValue(member.Path, "file path must be relative");
            }

            files.Add(Digest.TryParse(member.AsString(), out var digest)
                ? new CreationFile(member.Name, digest)
                : throw RequestException.InvalidValue(member.Path, "invalid digest format"));
        }

        return files;
    }

    private static string? Template(JsonFields root)
    {
        var template = root.String("template");
        return template is { Length: > 0 } && TemplateDetection.FaultOf(template) is { } fault
            ? throw RequestException.InvalidValue("template", $"template error: {fault}")
            : template;
    }

    private static List<string> Licenses(JsonFields root)
    {
        if (!root.TryGet("license", out var field))
        {
            return [];
        }

        var licenses = field.Kind == JsonValueKind.Array ? field.AsArray().Select(static item => item.AsString()) : [field.AsString()];
        return [.. licenses.Where(static license => license.Length > 0)];
    }

    private static JsonElement? Parameters(JsonFields root)
    {
        var parameters = root.Object("parameters");
        OllamaOptionsReader.Read(parameters);
        return parameters?.Element.Clone();
    }

    private static JsonArray Messages(JsonFields root)
    {
        var messages = new JsonArray();
        foreach (var item in root.TryGet("messages", out var field) ? field.AsArray() : [])
        {
            var fields = item.AsObject();
            var role = fields.Required("role").AsString();
            if (role is not ("system" or "user" or "assistant"))
            {
                throw RequestException.InvalidValue(fields.PathOf("role"), "message role must be one of \"system\", \"user\", or \"assistant\"");
            }

            foreach (var name in (ReadOnlySpan<string>)["images", "tool_calls", "tool_name", "tool_call_id", "thinking"])
            {
                if (fields.TryGet(name, out var refused) && !IsEmpty(refused.Element))
                {
                    throw RequestException.Unsupported(fields.PathOf(name), $"{fields.PathOf(name)}: messages of a model are texts only");
                }
            }

            messages.Add(new JsonObject { ["role"] = role, ["content"] = fields.String("content") ?? "" });
        }

        return messages;
    }

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.String => value.ValueEquals(""),
        _ => false,
    };

    private static JsonObject Description(JsonFields root, List<string> ignored)
    {
        var description = new JsonObject();
        foreach (var member in root.Object("info")?.Members() ?? [])
        {
            if (!s_information.TryGetValue(member.Name, out var known))
            {
                ignored.Add(member.Path);
            }
            else if (member.Kind != known.Kind)
            {
                throw member.WrongType(known.Kind == JsonValueKind.Number ? "a number" : known.Kind == JsonValueKind.Array ? "an array" : "a string");
            }
            else
            {
                description[known.Name] = JsonSerializer.SerializeToNode(member.Element);
            }
        }

        foreach (var name in (ReadOnlySpan<string>)["renderer", "parser", "requires"])
        {
            if (root.String(name) is { Length: > 0 } text)
            {
                description[name] = name != "requires" || Version().IsMatch(text)
                    ? text
                    : throw RequestException.InvalidValue(name, "requires must be a version such as 0.14.0");
            }
        }

        return description;
    }

    [GeneratedRegex(@"\Av?(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\z")]
    private static partial Regex Version();
}
