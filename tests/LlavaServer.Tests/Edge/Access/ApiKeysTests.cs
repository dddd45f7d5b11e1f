using LlavaServer.Configuration;
using LlavaServer.Edge.Access;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Tests.Edge.Access;

public sealed class ApiKeysTests
{
    [Fact]
    public void Read_CommasLinesAndComments_AreEntries()
    {
        var problems = new List<string>();
        var keys = ApiKeyList.Read("# mine\nweb:abc , ops:def:admin\r\n\nlaptop:a.b/c=\n", "keys", problems);

        Assert.Empty(problems);
        Assert.Equal([("web", false), ("ops", true), ("laptop", false)], keys.Select(static key => (key.Name, key.IsAdmin)));
    }

    [Theory]
    [InlineData("abc")]
    [InlineData(":abc")]
    [InlineData("web:")]
    [InlineData("web:abc:root")]
    [InlineData("web:abc:admin:x")]
    [InlineData("we b:abc")]
    [InlineData("web:a c")]
    [InlineData("web:abc,web:def")]
    [InlineData("web:abc,ops:abc:admin")]
    public void Read_WrongEntry_ProblemWithoutTheKey(string text)
    {
        var problems = new List<string>();
        ApiKeyList.Read(text, "Security:ApiKeys", problems);
        var problem = Assert.Single(problems);
        Assert.StartsWith("Security:ApiKeys: entry ", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("abc", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void O32_File_ReadAgainWhenItChanged()
    {
        var file = Path.GetTempFileName();
        try
        {
            var time = new FakeTimeProvider();
            File.WriteAllText(file, "old:first");
            var keys = new ApiKeys(Options.Create(new SecurityOptions { ApiKeys = "fixed:always", ApiKeysFile = file }), time, NullLogger<ApiKeys>.Instance);
            Assert.Equal("old", keys.Find("first")?.Name);

            File.WriteAllText(file, "new:second:admin");
            time.Advance(TimeSpan.FromSeconds(5));
            Assert.Null(keys.Find("first"));
            Assert.True(keys.Find("second")?.IsAdmin);
            Assert.Equal("fixed", keys.Find("always")?.Name);

            File.WriteAllText(file, "half a file");
            time.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal("new", keys.Find("second")?.Name);

            File.WriteAllText(file, "");
            time.Advance(TimeSpan.FromSeconds(5));
            Assert.Null(keys.Find("second"));
            Assert.True(keys.IsOn);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
