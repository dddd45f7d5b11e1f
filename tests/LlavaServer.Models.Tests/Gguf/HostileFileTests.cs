using System.Diagnostics;
using LlavaServer.Models.Gguf;
using LlavaServer.TestModels;

namespace LlavaServer.Models.Tests.Gguf;

/// <summary>The file rows of the reliability contract: each damaged or hostile file is refused by a one-line error, quickly and in little memory.</summary>
public sealed class HostileFileTests
{
    private static readonly ulong[] HugeCounts =
    [
        1, 2, 65_536, 65_537, int.MaxValue, uint.MaxValue, 1UL << 32, 1UL << 59, 1UL << 60, 1UL << 61, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue,
    ];

    [Theory]
    [InlineData(0u, "version 0")]
    [InlineData(1u, "version 1")]
    [InlineData(4u, "version 4")]
    [InlineData(0x03000000u, "big-endian")]
    [InlineData(uint.MaxValue, "version")]
    public void GGUF1_Version_Refused(uint version, string reason) => AssertRefused(new RawGguf(0, 0, version), reason);

    [Fact]
    public void GGUF1_MagicOrLength_Refused()
    {
        AssertRefused(new RawGguf(0, 0, magic: "GGML"), "magic");
        AssertRefused([], "ends early");
        AssertRefused("GGUF"u8.ToArray(), "ends early");
    }

    [Fact]
    public void GGUF1_HugeCounts_RefusedUnderOneMegabyte()
    {
        foreach (var count in HugeCounts)
        {
            AssertRefused(new RawGguf((long)count, 0), "tensor");
            AssertRefused(new RawGguf(0, (long)count), "key");
        }
    }

    [Fact]
    public void GGUF2_CountTimesSizeGrid_RefusedBeforeAllocation()
    {
        foreach (var count in HugeCounts.Skip(1))
        {
            AssertRefused(new RawGguf(0, 1).Text("k").U32(8).U64(count), "string");
            AssertRefused(new RawGguf(0, 1).U64(count == 2 ? 7 : count).Raw(0, 0, 0, 0, 0, 0), "key 0");
            for (var element = 0u; element <= 12; element++)
            {
                // Six bytes of data cannot hold these counts of any element.
                AssertRefused(new RawGguf(0, 1).Text("k").U32(9).U32(element).U64(count == 2 ? 7 : count).Raw(0, 0, 0, 0, 0, 0), "'k'");
            }
        }
    }

    [Fact]
    public void GGUF2_NestedArraysAndUnknownTypes_Refused()
    {
        AssertRefused(new RawGguf(0, 1).Text("k").U32(9).U32(9).U64(1).U32(0).U64(0), "array of arrays");
        AssertRefused(new RawGguf(0, 1).Text("k").U32(9).U32(13).U64(0), "array element type 13");
        AssertRefused(new RawGguf(0, 1).Key("k", 13, 0, 0), "value type 13");
        AssertRefused(new RawGguf(0, 1).Key("k", 7, 2), "boolean has the value 2");
    }

    [Fact]
    public void GGUF3_KeyNames_RefusedNamingTheKey()
    {
        AssertRefused(new RawGguf(0, 1).Text("").U32(0).Raw(1, 0, 0), "empty");
        AssertRefused(new RawGguf(0, 2).Key("same", 0, 1).Key("same", 0, 1), "'same': occurs twice");
        AssertRefused(new RawGguf(0, 1).U64(2).Raw(0xC3, 0x28).U32(0).Raw(1), "UTF-8");
        AssertRefused(new RawGguf(0, 1).Text(new string('k', 1 << 20)).U32(0).Raw(1), "longer than the limit");
    }

    [Fact]
    public void GGUF3_KeyWithControlCharacters_MessageStaysOneLine()
    {
        var error = AssertRefused(new RawGguf(0, 1).Text("a\r\nb\u001b[31m").U32(99), "value type 99");

        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Fact]
    public void GGUF3_GettersOfEveryKind_NeverCast()
    {
        object[] values = [(byte)1, (sbyte)1, (ushort)1, (short)1, 1u, 1, 1f, true, "x", 1ul, 1L, 1.0, new[] { 1 }, new[] { 1u }, new byte[] { 1 }, new[] { 1f }, new[] { "x" }, new[] { true }];
        var metadata = new GgufMetadata();
        for (var i = 0; i < values.Length; i++)
        {
            metadata.Set($"k{i}", values[i]);
        }

        for (var i = 0; i < values.Length; i++)
        {
            var (key, value) = ($"k{i}", values[i]);
            var isInteger = value is byte or sbyte or ushort or short or uint or int or ulong or long;
            var isIntegers = value.GetType().IsArray && value is not (float[] or string[] or bool[]);
            AssertGetter(isInteger, key, () => Assert.Equal(1u, metadata.GetUInt32(key)));
            AssertGetter(isInteger, key, () => Assert.Equal(1, metadata.GetInt32(key)));
            AssertGetter(isInteger, key, () => Assert.Equal(1L, metadata.GetInt64(key)));
            AssertGetter(value is float, key, () => Assert.Equal(1f, metadata.GetFloat32(key)));
            AssertGetter(value is bool, key, () => Assert.True(metadata.GetBoolean(key)));
            AssertGetter(value is string, key, () => Assert.Equal("x", metadata.GetString(key)));
            AssertGetter(isIntegers, key, () => Assert.Equal([1], metadata.GetInt32s(key)));
            AssertGetter(isIntegers, key, () => Assert.Equal([1u], metadata.GetUInt32s(key)));
            AssertGetter(value is float[], key, () => Assert.Equal([1f], metadata.GetFloat32s(key)));
            AssertGetter(value is string[], key, () => Assert.Equal(["x"], metadata.GetStrings(key)));
            AssertGetter(value is bool[], key, () => Assert.Equal([true], metadata.GetBooleans(key)));
        }

        metadata.Set("wide", ulong.MaxValue);
        metadata.Set("negative", new[] { -1 });
        AssertGetter(false, "wide", () => metadata.GetInt64("wide"));
        AssertGetter(false, "negative", () => metadata.GetUInt32s("negative"));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(3u)]
    [InlineData(33u)]
    [InlineData(1u << 21)]
    [InlineData(1u << 31)]
    public void GGUF4_Alignment_Refused(uint alignment) =>
        AssertRefused(new RawGguf(0, 1).Key("general.alignment", 4, BitConverter.GetBytes(alignment)), "general.alignment");

    [Fact]
    public void GGUF4_AlignmentOfOtherType_Refused()
    {
        AssertRefused(new RawGguf(0, 1).Key("general.alignment", 10, BitConverter.GetBytes(32ul)), "general.alignment");
        AssertRefused(new RawGguf(0, 1).Key("general.alignment", 5, BitConverter.GetBytes(32)), "general.alignment");
        AssertRefused(new RawGguf(0, 1).Text("general.alignment").U32(8).Text("32"), "general.alignment");
    }

    [Fact]
    public void GGUF5_TensorGrid_Refused()
    {
        AssertTensor("dimensions", tensor => tensor.Tensor("t", 0, 0));
        AssertTensor("dimensions", tensor => tensor.Tensor("t", 0, 0, 1, 1, 1, 1, 1));
        AssertTensor("negative", tensor => tensor.Tensor("t", 0, 0, -1));
        AssertTensor("negative", tensor => tensor.Tensor("t", 0, 0, 4, long.MinValue));
        AssertTensor("overflows", tensor => tensor.Tensor("t", 0, 0, long.MaxValue, 2));
        AssertTensor("overflows", tensor => tensor.Tensor("t", 0, 0, 1L << 31, 1L << 31, 1L << 31));
        AssertTensor("overflows", tensor => tensor.Tensor("t", 28, 0, 1L << 61));
        AssertTensor("multiple", tensor => tensor.Tensor("t", 2, 0, 33));
        AssertTensor("multiple", tensor => tensor.Tensor("t", 12, 0, 128));
        AssertTensor("empty", tensor => tensor.Tensor("", 0, 0, 1));
        AssertTensor("longer than the limit", tensor => tensor.Tensor(new string('n', 64), 0, 0, 1));
        AssertTensor("not all inside", tensor => tensor.Tensor("t", 0, 0, 1_000));
        AssertTensor("offset", tensor => tensor.Tensor("t", 0, 32, 1));
        AssertTensor("offset", tensor => tensor.Tensor("t", 0, ulong.MaxValue, 1));
        foreach (var type in (uint[])[4, 5, 31, 32, 33, 36, 37, 38, 43, 1_000, uint.MaxValue])
        {
            AssertTensor("is not supported", tensor => tensor.Tensor("t", type, 0, 256));
        }
    }

    [Fact]
    public void GGUF5_DuplicateOverlappingReordered_Refused()
    {
        AssertRefused(new RawGguf(2, 0).Tensor("t", 0, 0, 1).Tensor("t", 0, 32, 1).Data(64), "occurs twice");
        AssertRefused(new RawGguf(2, 0).Tensor("a", 0, 0, 16).Tensor("b", 0, 32, 1).Data(96), "'b'");
        AssertRefused(new RawGguf(2, 0).Tensor("a", 0, 32, 1).Tensor("b", 0, 0, 1).Data(64), "'a'");
        AssertRefused(new RawGguf(2, 0).Tensor("a", 0, 0, 1).Tensor("b", 0, 64, 1).Data(96), "'b'");
    }

    [Fact]
    public unsafe void GGUF5_LastTensorEndsWithTheFile_ReadableAtBothEnds()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("m.gguf"), new RawGguf(2, 0).Tensor("a", 24, 0, 5).Tensor("b", 24, 32, 7).Data(39).ToArray());

        using var file = GgufFile.Open(folder.File("m.gguf"));

        foreach (var tensor in file.Tensors)
        {
            Assert.Equal(0, tensor.Pointer[0] + tensor.Pointer[tensor.ByteCount - 1]);
        }
    }

    [Fact]
    public void Open_EveryTruncation_RefusedNeverCrashes()
    {
        using var folder = new TemporaryFolder();
        var whole = SmallModel(folder);
        for (var length = 0; length < whole.Length; length += length < 4_000 ? 1 : 97)
        {
            AssertRefused(whole[..length], string.Empty, folder);
        }
    }

    [Fact]
    public unsafe void Open_RandomDamage_RefusedOrReadableToTheLastByte()
    {
        using var folder = new TemporaryFolder();
        var whole = SmallModel(folder);
        var header = whole.Length - 2_000;
        var random = new RandomSource(5);
        var opened = 0;
        for (var round = 0; round < 2_000; round++)
        {
            var damaged = (byte[])whole.Clone();
            for (var change = random.Next(3); change >= 0; change--)
            {
                var position = random.Next(random.Next(2) == 0 ? 64 : header);
                switch (random.Next(3))
                {
                    case 0:
                        damaged[position] ^= (byte)(1 << random.Next(8));
                        break;
                    case 1:
                        damaged[position] = (byte)random.Next();
                        break;
                    default:
                        BitConverter.TryWriteBytes(damaged.AsSpan(position), HugeCounts[random.Next(HugeCounts.Length)]);
                        break;
                }
            }

            File.WriteAllBytes(folder.File("damaged.gguf"), damaged);
            try
            {
                using var file = GgufFile.Open(folder.File("damaged.gguf"));
                opened++;
                foreach (var tensor in file.Tensors.Where(tensor => tensor.ByteCount > 0))
                {
                    _ = tensor.Pointer[0] + tensor.Pointer[tensor.ByteCount - 1];
                }
            }
            catch (GgufException error)
            {
                Assert.DoesNotContain('\n', error.Message);
                Assert.InRange(error.Message.Length, 10, 400);
            }
        }

        Assert.InRange(opened, 1, 1_999);
    }

    private static void AssertGetter(bool allowed, string key, Action get)
    {
        if (allowed)
        {
            get();
            return;
        }

        Assert.Contains($"'{key}'", Assert.Throws<GgufException>(get).Message, StringComparison.Ordinal);
    }

    private static void AssertTensor(string reason, Func<RawGguf, RawGguf> add) => AssertRefused(add(new RawGguf(1, 0)).Data(64), reason);

    private static GgufException AssertRefused(RawGguf raw, string reason) => AssertRefused(raw.ToArray(), reason);

    private static GgufException AssertRefused(byte[] bytes, string reason, TemporaryFolder? folder = null)
    {
        using var stream = new MemoryStream(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();

        var error = Assert.Throws<GgufException>(() =>
        {
            if (folder is null)
            {
                GgufHeaderReader.Read(stream, bytes.Length);
            }
            else
            {
                File.WriteAllBytes(folder.File("hostile.gguf"), bytes);
                GgufFile.Open(folder.File("hostile.gguf")).Dispose();
            }
        });

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        return error;
    }

    private static byte[] SmallModel(TemporaryFolder folder)
    {
        var writer = new GgufWriter();
        writer.AddString("general.architecture", "llama");
        writer.AddUInt32("llama.block_count", 2);
        writer.AddUInt32("llama.embedding_length", 64);
        writer.AddUInt32("llama.attention.head_count", 4);
        writer.AddFloat32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        writer.AddStrings("tokenizer.ggml.tokens", ["<unk>", "<s>", "</s>", "a"]);
        writer.AddFloat32s("tokenizer.ggml.scores", [0, 0, 0, -1]);
        writer.AddInt32s("tokenizer.ggml.token_type", [2, 3, 3, 1]);
        writer.AddBoolean("tokenizer.ggml.add_bos_token", true);
        writer.AddTensor("a", TensorType.Q4_0, [64, 10], new byte[360]);
        writer.AddTensor("b", TensorType.Q6_K, [256, 2], new byte[420]);
        writer.AddTensor("c", [300], new float[300]);
        writer.Write(folder.File("whole.gguf"));

        // Without the padding behind the last tensor, so that every byte that is cut off matters.
        return File.ReadAllBytes(folder.File("whole.gguf"))[..^16];
    }
}
