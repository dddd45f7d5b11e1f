namespace LlavaServer.Training.Evaluation.Sets;

/// <summary>
/// Held-out questions about drawn pictures, in the files of the benchmarks that LLaVA is evaluated with, for <c>llava eval</c>: one folder a set, the
/// pictures beside. LLaVA-Bench is not among them: its score is another model's opinion.
/// </summary>
public static class QuestionSets
{
    /// <summary>No seed that training or the held-out conversations use; each set has its own.</summary>
    private const int Seed = 20_270_303;

    /// <param name="fonts">Folder of typefaces for what is written in pictures.</param>
    /// <param name="folder">Where the sets go.</param>
    /// <param name="count">Pictures of each set; POPE and MME ask several questions about one.</param>
    public static void Write(string fonts, string folder, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        PopeSet.Write(new SetPictures(fonts, Seed), Path.Combine(folder, "pope"), count);
        VqaSet.Write(new SetPictures(fonts, Seed + 1), Path.Combine(folder, "vqav2"), count);
        GqaSet.Write(new SetPictures(fonts, Seed + 2), Path.Combine(folder, "gqa"), count);
        TextVqaSet.Write(new SetPictures(fonts, Seed + 3), Path.Combine(folder, "textvqa"), count);
        MmeSet.Write(new SetPictures(fonts, Seed + 4), Path.Combine(folder, "mme"), count);
        ChoiceSets.Write(new SetPictures(fonts, Seed + 5), Path.Combine(folder, "mmbench"), Path.Combine(folder, "scienceqa"), count);
    }
}
