using System.Text;
using System.Text.Json;
using LlavaServer.Endpoints.OpenAI;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Logarithms on the wire.</summary>
public sealed class LogProbabilityWriterTests
{
    [Theory]
    [InlineData(float.NegativeInfinity, "-9999.0")]
    [InlineData(float.NaN, "-9999.0")]
    [InlineData(float.PositiveInfinity, "-9999.0")]
    [InlineData(-0.5f, "-0.5")]
    [InlineData(0f, "0")]
    public void S1_5_WriteNumber_AnyLogarithm_IsFinite(float value, string written)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            LogProbabilityWriter.WriteNumber(writer, value);
        }

        Assert.Equal(written, Encoding.UTF8.GetString(stream.ToArray()));
    }
}
