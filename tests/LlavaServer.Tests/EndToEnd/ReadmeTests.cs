using System.Text;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>The examples of README.md, run as pasted against the running server.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class ReadmeTests(BundledServer bundled)
{
    private const string Default = "http://127.0.0.1:11434";

    [Fact]
    public async Task Curl_AsPasted_Answers()
    {
        Tool.Need("bash", "curl");
        var output = await RunAsync("bash", "curl ", (folder, file) => (folder, "bash", [file]));
        Assert.Contains("\"content\":\"", output, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_AsPasted_FindsThePictureAndAnswers()
    {
        Assert.SkipWhen(Repository.Top is null, "These tests run outside of a checkout.");
        var line = File.ReadLines(Path.Combine(Repository.Top, "README.md")).First(static line => line.StartsWith("dotnet run --project src/LlavaServer -- run ", StringComparison.Ordinal));
        string[] arguments = [.. line.Split('"')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..], line.Split('"')[1], line.Split('"')[2].Trim(), "--host", bundled.Address.Authority];
        var (code, output, errors) = await Tool.RunAsync(Repository.Top, "dotnet", ["run", "--no-build", .. arguments[1..]]);
        Assert.True(code == 0, errors);
        Assert.Contains("red", Encoding.UTF8.GetString(output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Python_AsPasted_Answers()
    {
        Tool.Need("python3");
        Assert.Matches(@"\w+", await RunAsync("python", "", (folder, file) => (folder, "python3", [file])));
    }

    [Fact]
    public async Task JavaScript_AsPasted_Answers()
    {
        var node = await NodePackages.FolderAsync();
        var output = await RunAsync("javascript", "", (folder, file) =>
        {
            // A module finds its packages beside itself, so the example goes there and its picture path is reached from the working folder.
            var script = Path.Combine(node, "readme.mjs");
            File.Copy(file, script, overwrite: true);
            return (folder, "node", [script]);
        });
        Assert.Matches(@"\w+", output);
    }

    [Fact]
    public async Task CSharp_AsPasted_Answers()
    {
        var work = Directory.CreateTempSubdirectory("llava-readme-");
        try
        {
            var output = await RunAsync("csharp", "", (folder, file) =>
            {
                var program = Path.Combine(work.FullName, "ask.cs");
                File.Copy(file, program, overwrite: true);
                return (folder, "dotnet", ["run", program]);
            });
            Assert.Matches(@"\w+", output);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    /// <summary>The first fenced block of the language that contains the marker.</summary>
    private static string Block(string readme, string language, string marker)
    {
        var blocks = readme.Split("\n```" + language + "\n")[1..].Select(rest => rest[..rest.IndexOf("\n```", StringComparison.Ordinal)]);
        return blocks.FirstOrDefault(block => block.Contains(marker, StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"README.md has no {language} block with '{marker}'.");
    }

    private async Task<string> RunAsync(
        string language, string marker, Func<string, string, (string Folder, string Program, string[] Arguments)> command)
    {
        var top = Repository.Top;
        Assert.SkipWhen(top is null, "The tests do not run inside the repository.");
        var address = bundled.Address.ToString().TrimEnd('/');
        var block = Block(await File.ReadAllTextAsync(Path.Combine(top, "README.md")), language, marker);
        Assert.Contains(Default, block, StringComparison.Ordinal);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, block.Replace(Default, address, StringComparison.Ordinal) + "\n");
            var (folder, program, arguments) = command(top, file);
            var (exitCode, output, errors) = await Tool.RunAsync(folder, program, arguments);
            Assert.True(exitCode == 0, $"{language} example ended with {exitCode}\n{errors}\n{Encoding.UTF8.GetString(output)}");
            return Encoding.UTF8.GetString(output);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
