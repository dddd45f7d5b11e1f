using LlavaServer.Engine.Cpu.Kernels;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// Forward pass of a CLIP or SigLIP vision transformer (Radford et al., 2021; Zhai et al., 2023) in pre-norm form, from patches to hidden states. Owned
/// by the encoder; one encoding at a time.
/// </summary>
internal sealed unsafe class ClipVisionTower(ClipConfig config, ClipWeights weights, VisionRules rules, VisionWorkspace workspace, VisionProducts products)
{
    /// <summary>Row of the hidden state at which the patches begin.</summary>
    private int FirstPatchRow => config.HasClassEmbedding && rules.ClassVectorFirst ? 1 : 0;

    /// <summary>
    /// Computes the hidden states that the projector reads from <see cref="VisionWorkspace.Patches"/>. Looks at the token before every block.
    /// </summary>
    public void Run(CancellationToken cancellationToken)
    {
        Embed();
        for (int block = 0; block < config.RunBlockCount; block++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            KeepFeature(block);
            RunBlock(weights.Blocks[block]);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (weights.PostNorm.IsPresent)
        {
            Normalise(weights.PostNorm);
        }

        KeepFeature(config.RunBlockCount);
    }

    /// <summary>
    /// Rows for the projector, shape (patches, feature layers · width). With a class vector row 0 is left out: in the authors' order it is the class
    /// vector, in llama.cpp's order it is the first patch, and the class vector behind the patches takes part.
    /// </summary>
    /// <param name="stride">Floats from one row to the next.</param>
    public float* Features(out nint stride)
    {
        bool isSingle = config.FeatureLayers.Length == 1;
        float* rows = isSingle ? workspace.Hidden : workspace.Features;
        stride = isSingle ? workspace.WidthStride : workspace.FeatureStride;
        return config.HasClassEmbedding ? rows + stride : rows;
    }

    private void Embed()
    {
        float* patches = workspace.Hidden + (nint)FirstPatchRow * workspace.WidthStride;
        products.Pack(workspace.Patches, weights.PatchEmbedding.Weight.Inputs, config.PatchCount, weights.PatchEmbedding);
        products.Multiply(weights.PatchEmbedding, config.PatchCount, patches, workspace.WidthStride, VisionActivation.None);
        if (config.HasClassEmbedding)
        {
            int row = rules.ClassVectorFirst ? 0 : config.PatchCount;
            var target = new Span<float>(workspace.Hidden + (nint)row * workspace.WidthStride, config.Width);
            new ReadOnlySpan<float>(weights.ClassEmbedding, config.Width).CopyTo(target);
        }

        for (int row = 0; row < config.PositionCount; row++)
        {
            float* target = workspace.Hidden + (nint)row * workspace.WidthStride;
            float* position = weights.PositionEmbedding + (nint)row * config.Width;
            for (int i = 0; i < config.Width; i++)
            {
                target[i] += position[i];
            }
        }

        if (weights.PreNorm.IsPresent)
        {
            Normalise(weights.PreNorm);
        }
    }

    private void RunBlock(ClipBlock block)
    {
        int positions = config.PositionCount;
        float epsilon = config.LayerNormEpsilon;
        float* hidden = workspace.Hidden;
        nint stride = workspace.WidthStride;

        products.Pack(hidden, stride, positions, block.Query, block.Norm1, epsilon);
        products.Multiply(block.Query, block.Key, block.Value, positions, workspace.Qkv, workspace.QkvStride);
        products.Attend(new AttentionBuffers
        {
            Positions = positions,
            Heads = config.HeadCount,
            HeadWidth = config.HeadWidth,
            QueriesKeysValues = workspace.Qkv,
            Stride = workspace.QkvStride,
            PartStride = stride,
            Output = workspace.Attention,
            OutputStride = stride,
            Packed = workspace.PackedKeysValues,
            Scratch = workspace.Scratch,
            ScratchStride = workspace.ScratchFloats,
            RoundsToHalf = rules.RoundsAsLlamaCpp,
        });
        products.Pack(workspace.Attention, stride, positions, block.Output);
        products.Multiply(block.Output, positions, hidden, stride, VisionActivation.None, accumulate: true);

        products.Pack(hidden, stride, positions, block.Up, block.Norm2, epsilon);
        products.Multiply(block.Up, positions, workspace.Inner, workspace.InnerStride, config.Activation);
        products.Pack(workspace.Inner, workspace.InnerStride, positions, block.Down);
        products.Multiply(block.Down, positions, hidden, stride, VisionActivation.None, accumulate: true);
    }

    private void Normalise(ClipNorm norm) => products.Normalise(
        workspace.Hidden, workspace.WidthStride, config.PositionCount, config.Width, norm, config.LayerNormEpsilon, VisionActivation.None);

    private void KeepFeature(int layer)
    {
        if (config.FeatureLayers.Length == 1)
        {
            return;
        }

        for (int slot = 0; slot < config.FeatureLayers.Length; slot++)
        {
            if (config.FeatureLayers[slot] != layer)
            {
                continue;
            }

            for (int row = 0; row < config.PositionCount; row++)
            {
                float* target = workspace.Features + (nint)row * workspace.FeatureStride + (nint)slot * config.Width;
                float* source = workspace.Hidden + (nint)row * workspace.WidthStride;
                new ReadOnlySpan<float>(source, config.Width).CopyTo(new Span<float>(target, config.Width));
            }
        }
    }
}
