using static TorchSharp.torch;

namespace LlavaServer.Training.Network;

/// <summary>
/// Numbers of the graph as tensors that live as long as the process: a Scalar made in passing may be collected while native code reads it.
/// </summary>
public static class Constants
{
    private static readonly Dictionary<float, Tensor> Known = [];

    public static Tensor Of(float value)
    {
        lock (Known)
        {
            if (!Known.TryGetValue(value, out var constant))
            {
                Known[value] = constant = tensor(value).DetachFromDisposeScope();
            }

            return constant;
        }
    }
}
