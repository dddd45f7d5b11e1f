using System.Runtime.InteropServices;
using LlavaServer.Training.Checkpoints;
using LlavaServer.Training.Stages;

namespace LlavaServer.Training.Tests.Stages;

public sealed class SmokeTrainingTests
{
    [Fact]
    public void Run_AllStagesWithTinySizes_ExportsAHuggingFaceFolder()
    {
        SkipWithoutTorch();
        var run = Directory.CreateTempSubdirectory("llava-smoke").FullName;
        try
        {
            var options = new StageOptions { Run = run, Fonts = "no such folder", Smoke = true, Steps = 2, Workers = 2 };

            WholeTraining.Run(options, 1);

            foreach (var file in (string[])["config.json", "preprocessor_config.json", "tokenizer_config.json", "tokenizer.model", "model.safetensors"])
            {
                Assert.True(File.Exists(Path.Combine(run, "export", file)), file);
            }

            var (tensors, _) = SafetensorsFile.Read(Path.Combine(run, "export", "model.safetensors"));
            Assert.Contains("language_model.model.layers.1.self_attn.q_proj.weight", tensors.Keys);
            Assert.Contains("vision_tower.vision_model.pre_layrnorm.weight", tensors.Keys);
            Assert.Contains("multi_modal_projector.linear_2.bias", tensors.Keys);
            Assert.DoesNotContain(tensors.Keys, k => k.StartsWith("scaffold.", StringComparison.Ordinal));
            Assert.All(tensors.Values, t => Assert.All(t.Values, v => Assert.True(float.IsFinite(v))));
            foreach (var stage in (string[])["tower", "language", "align", "instruct"])
            {
                Assert.True(File.ReadAllLines(Path.Combine(run, stage + ".csv")).Length >= 2, stage);
            }
        }
        finally
        {
            Directory.Delete(run, recursive: true);
        }
    }

    [Fact]
    public void Run_InterruptedStage_GoesOnFromItsCheckpoint()
    {
        SkipWithoutTorch();
        var run = Directory.CreateTempSubdirectory("llava-smoke").FullName;
        try
        {
            var options = new StageOptions { Run = run, Fonts = "no such folder", Smoke = true, Steps = 2, Workers = 1, Batch = 2 };
            TrainingStages.Language(options);
            TrainingStages.Language(options with { Steps = 5 });

            var (_, metadata) = SafetensorsFile.Read(Path.Combine(run, "language.safetensors"));
            Assert.Equal("5", metadata["step"]);
            Assert.Equal("5", metadata["steps.language_model.lm_head.weight"]);
        }
        finally
        {
            Directory.Delete(run, recursive: true);
        }
    }

    /// <summary>The native library asks for a newer libstdc++ than some supported systems have.</summary>
    private static void SkipWithoutTorch()
    {
        var native = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");
        try
        {
            NativeLibrary.Load(Path.Combine(native, "libc10.so"));
            NativeLibrary.Load(Path.Combine(native, "libtorch_cpu.so"));
            NativeLibrary.Load(Path.Combine(native, "libLibTorchSharp.so"));
        }
        catch (DllNotFoundException error)
        {
            Assert.Skip("libtorch cannot be loaded here: " + (error.Message.Split('\n').FirstOrDefault(l => l.Contains("GLIBC", StringComparison.Ordinal)) ?? error.Message.Split('\n')[0]).Trim());
        }
    }
}
