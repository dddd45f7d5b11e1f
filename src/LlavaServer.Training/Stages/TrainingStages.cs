using LlavaServer.Training.Checkpoints;
using LlavaServer.Training.Dataset;
using LlavaServer.Training.Drawing;
using LlavaServer.Training.Evaluation;
using LlavaServer.Training.Network;
using static TorchSharp.torch;

namespace LlavaServer.Training.Stages;

/// <summary>The paper's stages; each reads the checkpoint of the one before and writes its own.</summary>
public static class TrainingStages
{
    /// <summary>CLIP pre-training of the tower on pictures and captions, with patch labels beside the contrastive loss.</summary>
    public static void Tower(StageOptions options)
    {
        var workshop = new Workshop(options);
        using var weights = LlavaWeights.Create(workshop.Shape, PatchLabels.Outputs, options.Seed);
        using var network = new LlavaNetwork(workshop.Shape, weights);
        var loop = new StageLoop("tower", options, weights, weights.Train(LlavaWeights.Vision, LlavaWeights.Scaffold));
        using var source = new BatchSource(CaptionDrawer(workshop.Builder(), () => Sampler(loop, options), detailedOnly: false), workshop.Shape, options.Batch, loop.Resume());
        var held = new PatchCheck(workshop, options);
        var contrast = 0.0;
        var steps = 0;
        loop.Run(
            source,
            batch =>
            {
                var states = network.Tower.Penultimate(Losses.Pixels(batch, workshop.Shape));
                var pairs = Losses.Contrast(network, weights, batch, states);
                var patches = Losses.Patches(network.PatchScores(states), batch);
                contrast = (0.99 * contrast) + (0.01 * pairs.item<float>());
                if (++steps % 100 == 0)
                {
                    Console.WriteLine($"tower step {steps}: contrastive {contrast:F3}, last patch loss {patches.item<float>():F3}");
                }

                return MatMul.Add(patches, pairs * Constants.Of(0.5f));
            },
            _ => 1,
            progress => held.Run(network, progress));
    }

    /// <summary>Pre-training of the language model on text alone: scenes in words, and conversations about them.</summary>
    public static void Language(StageOptions options)
    {
        var workshop = new Workshop(options);
        using var weights = LlavaWeights.Create(workshop.Shape, PatchLabels.Outputs, options.Seed);
        using var network = new LlavaNetwork(workshop.Shape, weights);
        var loop = new StageLoop("language", options, weights, weights.Train(LlavaWeights.Language));
        var builder = workshop.Builder();
        var writer = new ConversationWriter(new SceneSampler(5));
        using var source = new BatchSource(
            random =>
            {
                while (true)
                {
                    var conversation = writer.Sample(random, 5);
                    if (conversation.Scenes.All(s => s.HasClearPositions))
                    {
                        return builder.BuildText(conversation);
                    }
                }
            },
            workshop.Shape, options.Batch, loop.Resume());
        loop.Run(source, batch => Losses.Answers(network, batch, null), _ => 1, null);
    }

    /// <summary>Stage 1 of the paper: only the projector learns, from pictures and their descriptions.</summary>
    public static void Align(StageOptions options)
    {
        var workshop = new Workshop(options);
        using var weights = LlavaWeights.Create(workshop.Shape, PatchLabels.Outputs, options.Seed);
        using var network = new LlavaNetwork(workshop.Shape, weights);
        var loop = new StageLoop("align", options, weights, weights.Train(LlavaWeights.Projector));
        using var source = new BatchSource(CaptionDrawer(workshop.Builder(), () => Sampler(loop, options), detailedOnly: true), workshop.Shape, options.Batch, loop.Resume());
        loop.Run(
            source,
            batch =>
            {
                Tensor states;
                using (no_grad())
                {
                    states = network.Tower.Penultimate(Losses.Pixels(batch, workshop.Shape));
                }

                return Losses.Answers(network, batch, network.Project(states));
            },
            _ => 1,
            null);
    }

    /// <summary>Stage 2 of the paper: projector and language model learn from conversations; the tower too when it is unfrozen.</summary>
    public static void Instruct(StageOptions options)
    {
        var workshop = new Workshop(options);
        using var weights = LlavaWeights.Create(workshop.Shape, PatchLabels.Outputs, options.Seed);
        using var network = new LlavaNetwork(workshop.Shape, weights);
        string[] prefixes = options.Unfreeze
            ? [LlavaWeights.Projector, LlavaWeights.Language, LlavaWeights.Vision, LlavaWeights.Scaffold + "patch_labels"]
            : [LlavaWeights.Projector, LlavaWeights.Language];
        var loop = new StageLoop("instruct", options, weights, weights.Train(prefixes));
        var builder = workshop.Builder();
        var held = new HeldOutCheck(workshop, options);
        using var source = new BatchSource(
            random => builder.Build(new ConversationWriter(Sampler(loop, options)).Sample(random, 5 + random.Next(5))), workshop.Shape, options.Batch, loop.Resume());
        loop.Run(
            source,
            batch =>
            {
                if (batch.PictureCount == 0)
                {
                    return Losses.Answers(network, batch, null);
                }

                Tensor states;
                using (options.Unfreeze ? enable_grad() : no_grad())
                {
                    states = network.Tower.Penultimate(Losses.Pixels(batch, workshop.Shape));
                }

                var loss = Losses.Answers(network, batch, network.Project(states));
                return options.Unfreeze && options.PatchWeight > 0
                    ? MatMul.Add(loss, Losses.Patches(network.PatchScores(states), batch) * Constants.Of(options.PatchWeight))
                    : loss;
            },
            name => name.StartsWith(LlavaWeights.Vision, StringComparison.Ordinal) ? options.TowerFactor : 1,
            progress => held.Run(network, progress));
    }

    /// <summary>Puts the tower of one checkpoint and the language model of another into one, to start the alignment from.</summary>
    public static void Join(StageOptions options)
    {
        var path = Path.Combine(options.Run, "join.safetensors");
        var (tower, metadata) = SafetensorsFile.Read(Path.Combine(options.Run, "tower.safetensors"));
        var (language, _) = SafetensorsFile.Read(Path.Combine(options.Run, "language.safetensors"));
        metadata["stage"] = "join";
        SafetensorsFile.Write(
            path,
            tower.Where(t => !t.Key.StartsWith("first.", StringComparison.Ordinal) && !t.Key.StartsWith("second.", StringComparison.Ordinal))
                .Select(t => t.Key.StartsWith(LlavaWeights.Vision, StringComparison.Ordinal) || t.Key.StartsWith(LlavaWeights.Scaffold, StringComparison.Ordinal)
                    ? (t.Key, t.Value.Shape, t.Value.Values)
                    : (t.Key, language[t.Key].Shape, language[t.Key].Values)),
            metadata);
    }

    private static Func<Random, Example> CaptionDrawer(ExampleBuilder builder, Func<SceneSampler> scenes, bool detailedOnly) => random =>
    {
        while (true)
        {
            var scene = scenes().Sample(random);
            if (scene.HasClearPositions)
            {
                return builder.BuildCaption(scene, detailedOnly || random.Next(2) == 0 ? DescriptionWriter.DetailedText(scene) : DescriptionWriter.BriefText(scene));
            }
        }
    };

    /// <summary>From two large items on plain ground to the full variety, over the stage's curriculum.</summary>
    private static SceneSampler Sampler(StageLoop loop, StageOptions options)
    {
        var grown = options.Curriculum <= 0 ? 1 : Math.Min(1, loop.Share / options.Curriculum);
        return new SceneSampler(2 + (int)(3 * grown), 1 - grown);
    }
}
