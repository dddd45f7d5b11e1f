using LlavaServer.Inference.Engines.Hosting;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

public sealed class EngineWordsTests
{
    [Theory]
    [InlineData(EngineWords.Error + "no memory", LogLevel.Error, "no memory")]
    [InlineData(EngineWords.Warning + "slow", LogLevel.Warning, "slow")]
    [InlineData(EngineWords.Information + "CUDA0", LogLevel.Information, "CUDA0")]
    [InlineData(EngineWords.Debug + "loading", LogLevel.Debug, "loading")]
    [InlineData("Unhandled exception.", LogLevel.Debug, "Unhandled exception.")]
    [InlineData("<9>x", LogLevel.Debug, "<9>x")]
    [InlineData("<3", LogLevel.Debug, "<3")]
    [InlineData("", LogLevel.Debug, "")]
    public void Read_Line_LevelAndText(string line, LogLevel level, string text) => Assert.Equal((level, text), EngineWords.Read(line));
}
