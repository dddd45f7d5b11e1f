using LlavaServer.Cli.Run;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Cli.Run;

/// <summary>O10 and O11: pictures named in a prompt.</summary>
public sealed class PromptLineTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-prompt-");

    public PromptLineTests()
    {
        File.WriteAllBytes(PathOf("red.png"), TestPicture.RedCircle.Bytes);
        File.WriteAllBytes(PathOf("my own cat.jpg"), TestPicture.RedCircle.Bytes);
        File.WriteAllBytes(PathOf("no-ending"), TestPicture.RedCircle.Bytes);
        File.WriteAllText(PathOf("words.png"), "not a picture");
        File.WriteAllText(PathOf("notes"), "not a picture either");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("what is {0}/red.png ?", "what is ?", "red.png")]
    [InlineData("{0}/red.png what is this?", "what is this?", "red.png")]
    [InlineData("what is on {0}/red.png? Say it.", "what is on ? Say it.", "red.png")]
    [InlineData("look: '{0}/my own cat.jpg'", "look:", "my own cat.jpg")]
    [InlineData("look: \"{0}/my own cat.jpg\", please", "look: , please", "my own cat.jpg")]
    [InlineData("look: {0}/my\\ own\\ cat.jpg", "look:", "my own cat.jpg")]
    [InlineData("file://{0}/red.png", "", "red.png")]
    [InlineData("file://{0}/my%20own%20cat.jpg and {0}/red.png", "and", "my own cat.jpg", "red.png")]
    [InlineData("{0}/no-ending", "", "no-ending")]
    public void Read_PathOfAPicture_IsAttachedAndLeavesTheText(string prompt, string text, params string[] names)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && prompt.Contains("\\ ", StringComparison.Ordinal), "A backslash separates folders here.");
        var read = PromptLine.Read(string.Format(System.Globalization.CultureInfo.InvariantCulture, prompt, _folder.FullName));

        Assert.Empty(read.Problems);
        Assert.Equal(text, read.Text);
        Assert.Equal(names.Select(static name => name + " (320x240)"), read.Pictures.Select(static picture => picture.Label));
        Assert.All(read.Pictures, static picture => Assert.Equal(TestPicture.RedCircle.DataUrl, picture.Url));
    }

    [Theory]
    [InlineData("what does {0}/notes say?")]
    [InlineData("don't say 'I can\\'t' to  two  spaces\n\nand lines")]
    [InlineData("what is https://example.org/cat.png ?")]
    [InlineData("is .png better than .jpg?")]
    [InlineData("{0} is a folder")]
    public void Read_NoPicture_TheTextIsAsItWas(string prompt)
    {
        var given = prompt.Replace("{0}", _folder.FullName, StringComparison.Ordinal);
        var read = PromptLine.Read(given);

        Assert.Equal((given, 0, 0), (read.Text, read.Pictures.Count, read.Problems.Count));
    }

    [Theory]
    [InlineData("what is {0}/nothing.jpg?", "no such file")]
    [InlineData("{0}/words.png", "no picture in a format")]
    [InlineData("C:\\pictures\\cat.PNG", "no such file")]
    [InlineData("'{0}/a b.webp' what?", "no such file")]
    public void Read_PictureThatCannotBeRead_IsAProblem(string prompt, string problem)
    {
        var read = PromptLine.Read(prompt.Replace("{0}", _folder.FullName, StringComparison.Ordinal));
        Assert.Contains(problem, Assert.Single(read.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void OfArguments_PathThatTheShellUnquoted_IsOnePicture()
    {
        var read = PromptLine.OfArguments(["what", "is this?", PathOf("my own cat.jpg")]);
        Assert.Equal("what is this?", read.Text);
        Assert.Equal("my own cat.jpg (320x240)", Assert.Single(read.Pictures).Label);
    }

    [Fact]
    public void Resolve_Home_IsTheUsers()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Assert.Equal(Path.Join(home, "a.png"), PicturePath.Resolve("~/a.png"));
        Assert.Equal("a~/b.png", PicturePath.Resolve("a~/b.png"));
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
