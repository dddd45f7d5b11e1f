using LlavaServer.Inference.Images;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Engine.Tests.Vision;

/// <summary>
/// The authors' graph in double precision and plain loops, written against the papers and Hugging Face's CLIPVisionModel and not against the engine:
/// class vector first, position rows, pre-norm, blocks, hidden state of a layer, row 0 dropped, projector with the exact GELU.
/// </summary>
internal sealed class ReferenceClip(GgufFile file)
{
    private readonly int _width = file.Metadata.GetInt32("clip.vision.embedding_length");
    private readonly int _heads = file.Metadata.GetInt32("clip.vision.attention.head_count");
    private readonly int _patchSize = file.Metadata.GetInt32("clip.vision.patch_size");
    private readonly int _imageSize = file.Metadata.GetInt32("clip.vision.image_size");
    private readonly double _epsilon = file.Metadata.GetFloat32("clip.vision.attention.layer_norm_epsilon");

    public Func<double, double> Activation { get; init; } = x => x / (1 + Math.Exp(-1.702 * x));

    public Func<double, double> ProjectorActivation { get; init; } = x => 0.5 * x * (1 + Erf(x / Math.Sqrt(2)));

    /// <summary>Image rows of a picture that has the tower's size; <paramref name="layers"/> are hidden states, n after n blocks.</summary>
    public double[][] Encode(RgbImage image, int[] layers)
    {
        double[][] state = Embed(Patches(image));
        if (file.TryGetTensor("v.pre_ln.weight", out _))
        {
            state = Norm(state, "v.pre_ln");
        }

        var states = new List<double[][]> { state };
        for (int block = 0; block < layers.Max(); block++)
        {
            state = Block(state, block);
            states.Add(state);
        }

        bool hasClass = file.TryGetTensor("v.class_embd", out _);
        double[][] features = Enumerable.Range(0, state.Length)
            .Select(row => layers.SelectMany(layer => states[layer][row]).ToArray())
            .Skip(hasClass ? 1 : 0)
            .ToArray();
        return Project(features);
    }

    /// <summary>erf by its series and, far out, by the continued fraction of erfc.</summary>
    public static double Erf(double x)
    {
        if (Math.Abs(x) > 4)
        {
            double magnitude = Math.Abs(x);
            double fraction = 0;
            for (int n = 80; n > 0; n--)
            {
                fraction = n / 2.0 / (magnitude + fraction);
            }

            return Math.Sign(x) * (1 - Math.Exp(-x * x) / Math.Sqrt(Math.PI) / (magnitude + fraction));
        }

        double term = x;
        double sum = x;
        for (int n = 1; n < 150; n++)
        {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    private double[][] Patches(RgbImage image)
    {
        float[] mean = file.Metadata.GetFloat32s("clip.vision.image_mean");
        float[] std = file.Metadata.GetFloat32s("clip.vision.image_std");
        int perSide = _imageSize / _patchSize;
        return Enumerable.Range(0, perSide * perSide).Select(patch =>
        {
            var values = new List<double>();
            for (int channel = 0; channel < 3; channel++)
            {
                for (int y = 0; y < _patchSize; y++)
                {
                    for (int x = 0; x < _patchSize; x++)
                    {
                        int row = patch / perSide * _patchSize + y;
                        int column = patch % perSide * _patchSize + x;
                        values.Add((image.Pixels[(row * image.Width + column) * 3 + channel] / 255.0 - mean[channel]) / std[channel]);
                    }
                }
            }

            return values.ToArray();
        }).ToArray();
    }

    private double[][] Embed(double[][] patches)
    {
        double[][] rows = Multiply(patches, "v.patch_embd.weight", "v.patch_embd.bias");
        if (file.TryGetTensor("v.class_embd", out _))
        {
            rows = [Values("v.class_embd"), .. rows];
        }

        double[] positions = Values("v.position_embd.weight");
        return rows.Select((row, index) => row.Select((value, i) => value + positions[index * _width + i]).ToArray()).ToArray();
    }

    private double[][] Block(double[][] state, int block)
    {
        string Name(string part) => $"v.blk.{block}.{part}";
        double[][] normal = Norm(state, Name("ln1"));
        double[][] attended = Attend(Linear(normal, Name("attn_q")), Linear(normal, Name("attn_k")), Linear(normal, Name("attn_v")));
        state = Add(state, Linear(attended, Name("attn_out")));

        // The matrix that takes rows of the tower's width is the first, whatever its name is.
        bool swapped = file.GetTensor(Name("ffn_down.weight")).Shape[0] == _width;
        double[][] inner = Linear(Norm(state, Name("ln2")), Name(swapped ? "ffn_down" : "ffn_up"));
        inner = inner.Select(row => row.Select(Activation).ToArray()).ToArray();
        return Add(state, Linear(inner, Name(swapped ? "ffn_up" : "ffn_down")));
    }

    private double[][] Attend(double[][] queries, double[][] keys, double[][] values)
    {
        int headWidth = _width / _heads;
        return queries.Select(query =>
        {
            var result = new double[_width];
            for (int head = 0; head < _heads; head++)
            {
                int offset = head * headWidth;
                double[] scores = keys.Select(key =>
                    Enumerable.Range(offset, headWidth).Sum(i => query[i] * key[i]) / Math.Sqrt(headWidth)).ToArray();
                double maximum = scores.Max();
                double[] weights = scores.Select(score => Math.Exp(score - maximum)).ToArray();
                double total = weights.Sum();
                for (int i = offset; i < offset + headWidth; i++)
                {
                    result[i] = Enumerable.Range(0, keys.Length).Sum(position => weights[position] / total * values[position][i]);
                }
            }

            return result;
        }).ToArray();
    }

    private double[][] Project(double[][] rows)
    {
        double[][] Activate(double[][] values) => values.Select(row => row.Select(ProjectorActivation).ToArray()).ToArray();
        double[][] first = Linear(rows, "mm.0");
        if (file.TryGetTensor("mm.3.weight", out _))
        {
            return Norm(Linear(Activate(Norm(first, "mm.1")), "mm.3"), "mm.4");
        }

        return file.TryGetTensor("mm.2.weight", out _) ? Linear(Activate(first), "mm.2") : first;
    }

    private double[][] Norm(double[][] rows, string name)
    {
        double[] weight = Values($"{name}.weight");
        double[] bias = Values($"{name}.bias");
        return rows.Select(row =>
        {
            double mean = row.Average();
            double variance = row.Average(value => (value - mean) * (value - mean));
            return row.Select((value, i) => (value - mean) / Math.Sqrt(variance + _epsilon) * weight[i] + bias[i]).ToArray();
        }).ToArray();
    }

    private double[][] Linear(double[][] rows, string name) => Multiply(rows, $"{name}.weight", $"{name}.bias");

    private double[][] Multiply(double[][] rows, string weightName, string biasName)
    {
        double[] weight = Values(weightName);
        double[]? bias = file.TryGetTensor(biasName, out _) ? Values(biasName) : null;
        int inputs = rows[0].Length;
        int outputs = weight.Length / inputs;
        return rows.Select(row =>
        {
            var result = new double[outputs];
            for (int output = 0; output < outputs; output++)
            {
                double sum = bias?[output] ?? 0;
                for (int i = 0; i < inputs; i++)
                {
                    sum += weight[output * inputs + i] * row[i];
                }

                result[output] = sum;
            }

            return result;
        }).ToArray();
    }

    private static double[][] Add(double[][] left, double[][] right) =>
        left.Select((row, index) => row.Select((value, i) => value + right[index][i]).ToArray()).ToArray();

    private double[] Values(string name)
    {
        GgufTensor tensor = file.GetTensor(name);
        var values = new float[tensor.ElementCount];
        Dequantizer.ToFloat(tensor.Type, tensor.Address, values);
        return values.Select(value => (double)value).ToArray();
    }
}
