using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>The matrix products of tower and projector: packs activations, then multiplies. Used by the encoding thread.</summary>
internal sealed unsafe class VisionProducts(WorkerPool pool, VisionWorkspace workspace, VisionRules rules)
{
    /// <summary>Packs rows as they are for the products that follow.</summary>
    public void Pack(float* source, nint stride, int rows, in ClipLinear consumer) => Pack(source, stride, rows, consumer, default, 0);

    /// <summary>Packs rows, normalised if <paramref name="norm"/> is present, for the products with <paramref name="consumer"/> and its equals.</summary>
    public void Pack(float* source, nint stride, int rows, in ClipLinear consumer, ClipNorm norm, float epsilon)
    {
        var job = new PackRowsJob
        {
            Source = source,
            Stride = stride,
            Rows = rows,
            Depth = consumer.Weight.Inputs,
            Packed = workspace.Packed,
            Scratch = workspace.Scratch,
            ScratchStride = workspace.ScratchFloats,
            Rounding = rules.RoundsAsLlamaCpp ? consumer.Weight.LlamaCppRounding : ActivationRounding.None,
            NormWeight = norm.Weight,
            NormBias = norm.Bias,
            NormEpsilon = epsilon,
        };
        pool.Run(in job, MatMulFloat.RowGroups(rows));
    }

    /// <summary>Multiplies the packed rows; the result may be added to <paramref name="target"/>.</summary>
    public void Multiply(in ClipLinear linear, int rows, float* target, nint stride, VisionActivation activation, bool accumulate = false)
    {
        var job = Job(linear, rows, target, stride, accumulate);
        job.Activation = activation;
        MatMulFloat.Run(pool, ref job, workspace.Scratch, workspace.ScratchFloats);
    }

    /// <summary>Multiplies the packed rows with three matrices of equal shape, results side by side in whole panels.</summary>
    public void Multiply(in ClipLinear first, in ClipLinear second, in ClipLinear third, int rows, float* target, nint stride)
    {
        var job = Job(first, rows, target, stride, accumulate: false);
        job.WeightCount = 3;
        job.Weights[1] = second.Weight;
        job.Weights[2] = third.Weight;
        job.Biases[1] = (nint)second.Bias;
        job.Biases[2] = (nint)third.Bias;
        MatMulFloat.Run(pool, ref job, workspace.Scratch, workspace.ScratchFloats);
    }

    /// <summary>Layer norm and activation of rows in place.</summary>
    public void Normalise(float* values, nint stride, int rows, int width, ClipNorm norm, float epsilon, VisionActivation activation)
    {
        var job = new NormRowsJob
        {
            Values = values,
            Stride = stride,
            Rows = rows,
            Width = width,
            Weight = norm.Weight,
            Bias = norm.Bias,
            Epsilon = epsilon,
            Activation = activation,
        };
        pool.Run(in job, job.Parts);
    }

    public void Attend(in AttentionBuffers buffers) => BidirectionalAttention.Run(pool, in buffers);

    private MatMulFloatJob Job(in ClipLinear linear, int rows, float* target, nint stride, bool accumulate)
    {
        var job = new MatMulFloatJob
        {
            Activations = workspace.Packed,
            RowGroups = MatMulFloat.RowGroups(rows),
            Depth = linear.Weight.Inputs,
            WeightCount = 1,
            C = target,
            Stride = stride,
            Accumulate = accumulate,
        };
        job.Weights[0] = linear.Weight;
        job.Biases[0] = (nint)linear.Bias;
        return job;
    }
}
