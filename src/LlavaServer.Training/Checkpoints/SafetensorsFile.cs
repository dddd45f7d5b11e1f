using System.Runtime.InteropServices;
using System.Text.Json;

namespace LlavaServer.Training.Checkpoints;

/// <summary>Reads and writes float32 safetensors: 8 bytes header length, JSON header, data in header order (huggingface/safetensors).</summary>
public static class SafetensorsFile
{
    /// <summary>Writes whole or not at all: into a file beside <paramref name="path"/>, then renamed.</summary>
    public static void Write(string path, IEnumerable<(string Name, long[] Shape, float[] Values)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var list = tensors.ToList();
        using var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach (var (key, value) in metadata)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            long offset = 0;
            foreach (var (name, shape, values) in list)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", "F32");
                json.WriteStartArray("shape");
                foreach (var length in shape)
                {
                    json.WriteNumberValue(length);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += values.Length * 4L);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (header.Length % 8 != 0)
        {
            header.WriteByte((byte)' ');
        }

        var unfinished = path + ".part";
        using (var file = File.Create(unfinished))
        {
            file.Write(BitConverter.GetBytes(header.Length));
            header.WriteTo(file);
            foreach (var (_, _, values) in list)
            {
                file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            }
        }

        File.Move(unfinished, path, overwrite: true);
    }

    public static (Dictionary<string, (long[] Shape, float[] Values)> Tensors, Dictionary<string, string> Metadata) Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var length = (int)BitConverter.ToInt64(bytes);
        using var json = JsonDocument.Parse(bytes.AsMemory(8, length));
        var tensors = new Dictionary<string, (long[], float[])>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in json.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                foreach (var pair in entry.Value.EnumerateObject())
                {
                    metadata[pair.Name] = pair.Value.GetString()!;
                }

                continue;
            }

            var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64()).ToArray();
            var offsets = entry.Value.GetProperty("data_offsets").EnumerateArray().Select(e => e.GetInt64()).ToArray();
            tensors[entry.Name] = (shape, MemoryMarshal.Cast<byte, float>(bytes.AsSpan(8 + length + (int)offsets[0], (int)(offsets[1] - offsets[0]))).ToArray());
        }

        return (tensors, metadata);
    }
}
