using System.Text;
using LlavaServer.Training.Checkpoints;

namespace LlavaServer.Training.Tests.Checkpoints;

public sealed class SafetensorsFileTests
{
    [Fact]
    public void Write_TwoTensors_BytesFollowTheFormat()
    {
        var path = Path.GetTempFileName();
        try
        {
            SafetensorsFile.Write(path, [("a", [2], [1f, 2f]), ("b.c", [1, 3], [3f, 4f, 5f])], new Dictionary<string, string> { ["format"] = "pt" });

            var bytes = File.ReadAllBytes(path);
            var length = (int)BitConverter.ToInt64(bytes);
            Assert.Equal(0, length % 8);
            Assert.Equal(8 + length + 20, bytes.Length);
            var header = Encoding.UTF8.GetString(bytes, 8, length);
            Assert.Contains("\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}", header, StringComparison.Ordinal);
            Assert.Contains("\"b.c\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[8,20]}", header, StringComparison.Ordinal);
            Assert.Equal(5f, BitConverter.ToSingle(bytes, 8 + length + 16));

            var (tensors, metadata) = SafetensorsFile.Read(path);
            Assert.Equal([3f, 4f, 5f], tensors["b.c"].Values);
            Assert.Equal("pt", metadata["format"]);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
