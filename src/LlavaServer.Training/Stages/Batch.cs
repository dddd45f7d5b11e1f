using LlavaServer.Training.Dataset;
using LlavaServer.Training.Network;

namespace LlavaServer.Training.Stages;

/// <summary>Examples of similar length laid out for one step; plain arrays, so that a producer thread can make it.</summary>
public sealed class Batch
{
    public Batch(IReadOnlyList<Example> examples, LlavaShape shape)
    {
        Examples = examples;
        Length = examples.Max(e => e.Tokens.Length);
        Places = new long[examples.Count * Length];
        var wanted = new List<long>();
        var targets = new List<long>();
        var pictures = 0;
        for (var i = 0; i < examples.Count; i++)
        {
            var example = examples[i];
            var row = 0;
            for (var t = 0; t < example.Tokens.Length; t++)
            {
                var token = example.Tokens[t];
                row = token < 0 && t > 0 && example.Tokens[t - 1] == token ? row + 1 : 0;
                Places[(i * Length) + t] = token >= 0 ? token : shape.VocabSize + ((pictures - 1 - token) * (long)shape.ImageRows) + row;
                if (t > 0 && example.Supervised[t])
                {
                    wanted.Add((i * Length) + t - 1);
                    targets.Add(token);
                }
            }

            pictures += example.Pictures.Count;
        }

        PictureCount = pictures;
        Wanted = [.. wanted];
        Targets = [.. targets];
        Pixels = new float[pictures * shape.ImageRows * shape.PatchLength];
        var at = 0;
        foreach (var picture in examples.SelectMany(e => e.Pictures))
        {
            picture.CopyTo(Pixels, at);
            at += picture.Length;
        }
    }

    public IReadOnlyList<Example> Examples { get; }
    public int Length { get; }
    public int PictureCount { get; }

    /// <summary>[n x length]: rows of the embedding table, then of the pictures.</summary>
    public long[] Places { get; }

    /// <summary>Flat positions whose next token is supervised, and those tokens.</summary>
    public long[] Wanted { get; }
    public long[] Targets { get; }

    /// <summary>[pictures x rows x patch length].</summary>
    public float[] Pixels { get; }
}
