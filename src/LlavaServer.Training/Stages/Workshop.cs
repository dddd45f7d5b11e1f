using LlavaServer.Training.Dataset;
using LlavaServer.Training.Drawing;
using LlavaServer.Training.Network;
using LlavaServer.Training.Tokenization;

namespace LlavaServer.Training.Stages;

/// <summary>What all stages of a run share: vocabulary, sizes, typefaces.</summary>
public sealed class Workshop
{
    public Workshop(StageOptions options)
    {
        Directory.CreateDirectory(options.Run);
        var path = Path.Combine(options.Run, "vocabulary.txt");
        if (!File.Exists(path))
        {
            SpmTrainer.Train(VocabularyText.Draw(options.Smoke ? 300 : 6000, 7), options.Smoke ? 200 : 900).Save(path);
        }

        Vocabulary = SpmVocabulary.Load(path);
        Shape = (options.Smoke ? LlavaShape.Smoke : new LlavaShape()) with { VocabSize = Vocabulary.Pieces.Count };
        Fonts = new FontShelf(options.Fonts, orDefault: options.Smoke);
    }

    public SpmVocabulary Vocabulary { get; }
    public LlavaShape Shape { get; }
    public FontShelf Fonts { get; }

    /// <summary>A builder of its own for each thread.</summary>
    public ExampleBuilder Builder() => new(new SpmTokenizer(Vocabulary), new ScenePainter(Fonts), Shape);
}
