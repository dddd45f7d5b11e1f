using LlavaServer.Edge.Remote;

namespace LlavaServer.Tests.Edge.Remote;

/// <summary>The URL table of IMG12: spellings in which two parsers see two hosts are refused.</summary>
public sealed class RemoteUrlTests
{
    [Theory]
    [InlineData("http://example.org/a.png", "example.org")]
    [InlineData("HTTPS://Example.ORG:443/a?b=c%20d#e", "example.org")]
    [InlineData("http://example.org", "example.org")]
    [InlineData("http://example.org./a", "example.org")]
    [InlineData("http://a-b_c.example.org:8080?x=@y", "a-b_c.example.org")]
    [InlineData("http://93.184.216.34/a", "93.184.216.34")]
    [InlineData("http://[2606:4700::1111]:80/a", "2606:4700::1111")]
    [InlineData("http://xn--bcher-kva.example/\u00fc", "xn--bcher-kva.example")]
    public void IMG12_OrdinaryUrl_IsRead(string text, string host)
    {
        Assert.True(RemoteUrl.TryParse(text, out var url));
        Assert.Equal(host, url.Host);
    }

    [Theory]
    [InlineData("http://2130706433/")]
    [InlineData("http://0x7f000001/")]
    [InlineData("http://0x7f.0.0.1/")]
    [InlineData("http://0177.0.0.1/")]
    [InlineData("http://127.1/")]
    [InlineData("http://127.0.1/")]
    [InlineData("http://0/")]
    [InlineData("http://127.0.0.01/")]
    [InlineData("http://127.0.0.1./")]
    [InlineData("http://1.1.1.1.1/")]
    [InlineData("http://example.1/")]
    [InlineData("http://\u2460\u2461\u2466.0.0.1/")]
    [InlineData("http://127\u30020\u30020\u30021/")]
    [InlineData("http://\uff11\uff12\uff17.0.0.1/")]
    [InlineData("http://b\u00fccher.example/")]
    [InlineData("http://user@example.org/")]
    [InlineData("http://user:pass@127.0.0.1/")]
    [InlineData("http://example.org@127.0.0.1/")]
    [InlineData("http://127.0.0.1\\@example.org/")]
    [InlineData("http://example.org\\.evil.test/")]
    [InlineData("http:\\\\example.org\\a")]
    [InlineData("http:/example.org/")]
    [InlineData("http:example.org")]
    [InlineData("http:///example.org/")]
    [InlineData("http://")]
    [InlineData("http://example.org\t/")]
    [InlineData("http://exam\nple.org/")]
    [InlineData("http://example .org/")]
    [InlineData("http://example.org/a b")]
    [InlineData("http://example.org\0.evil/")]
    [InlineData("http://exa%6dple.org/")]
    [InlineData("http://127%2e0.0.1/")]
    [InlineData("http://example..org/")]
    [InlineData("http://.example.org/")]
    [InlineData("http://example.org:/a")]
    [InlineData("http://example.org:0/")]
    [InlineData("http://example.org:65536/")]
    [InlineData("http://example.org:+80/")]
    [InlineData("http://example.org:80:80/")]
    [InlineData("http://[::1%25lo]/")]
    [InlineData("http://[fe80::1%eth0]/")]
    [InlineData("http://[::1/")]
    [InlineData("http://[127.0.0.1]/")]
    [InlineData("http://::1/")]
    [InlineData("ftp://example.org/a")]
    [InlineData("gopher://example.org/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("javascript:alert(1)")]
    [InlineData("//example.org/a")]
    [InlineData("")]
    public void IMG12_UnusualUrl_IsRefused(string text) => Assert.False(RemoteUrl.TryParse(text, out _));

    [Theory]
    [InlineData("/b.png", "http://example.org/b.png")]
    [InlineData("b.png", "http://example.org/x/b.png")]
    [InlineData("?y", "http://example.org/x/a?y")]
    [InlineData("//other.test/b", "http://other.test/b")]
    [InlineData("https://other.test/b", "https://other.test/b")]
    public void IMG12_Redirect_IsFollowedLikeABrowser(string location, string expected)
    {
        Assert.True(RemoteUrl.TryParse("http://example.org/x/a", out var url));
        Assert.True(url.TryFollow(new Uri(location, UriKind.RelativeOrAbsolute), out var next));
        Assert.Equal(expected, next.Uri.AbsoluteUri);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://2130706433/")]
    [InlineData("http://a@b/")]
    [InlineData("data:image/png;base64,AAAA")]
    public void IMG12_RedirectElsewhere_IsNotFollowed(string location)
    {
        Assert.True(RemoteUrl.TryParse("http://example.org/x/a", out var url));
        Assert.False(url.TryFollow(new Uri(location, UriKind.RelativeOrAbsolute), out _));
    }
}
