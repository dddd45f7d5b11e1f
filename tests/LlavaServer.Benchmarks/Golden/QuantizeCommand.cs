using LlavaServer.Models.Quantization;

namespace LlavaServer.Benchmarks.Golden;

/// <summary><c>quantize IN OUT MIX</c>: the file that a parity test makes for itself, for the peer to load.</summary>
internal static class QuantizeCommand
{
    public static int Run(string[] args)
    {
        if (args is not [var input, var output, var mix])
        {
            Console.Error.WriteLine("quantize IN OUT MIX");
            return 2;
        }

        GgufQuantizer.Quantize(input, output, QuantizationMix.Parse(mix));
        return 0;
    }
}
