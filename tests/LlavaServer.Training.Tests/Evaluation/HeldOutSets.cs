using LlavaServer.Tests.EndToEnd;
using LlavaServer.Training.Evaluation.Sets;

namespace LlavaServer.Training.Tests.Evaluation;

/// <summary>Small held-out sets, freshly drawn, and the real server with the bundled model; shared by the tests of a class.</summary>
public sealed class HeldOutSets : IAsyncLifetime
{
    public const string Fonts = "/usr/share/fonts/truetype";
    private const int Pictures = 24;

    private ServerProcess? _server;

    private static bool HasFonts => Directory.Exists(Fonts);

    internal Uri Server => _server!.Address;

    /// <summary>Where the sets lie, and what the tests write beside them.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("llava-sets-").FullName;

    public static void SkipWithoutFonts() => Assert.SkipUnless(HasFonts, $"There are no typefaces in {Fonts} to draw words with.");

    public async ValueTask InitializeAsync()
    {
        if (HasFonts)
        {
            QuestionSets.Write(Fonts, Folder, Pictures);
            _server = await ServerProcess.StartAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }
}
