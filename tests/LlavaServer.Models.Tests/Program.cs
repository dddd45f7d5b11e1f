using LlavaServer.Models.Tests.Creation;
using LlavaServer.Models.Tests.Registry;
using LlavaServer.Models.Tests.Store;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace LlavaServer.Models.Tests;

/// <summary>Runs the tests, or works in a store or pulls into it until somebody kills it.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is [StoreChild.Verb, var root, var seed, var rounds])
        {
            return StoreChild.Run(root, int.Parse(seed), int.Parse(rounds));
        }

        if (args is [CreationChild.Verb, var folder, var start, var count])
        {
            return await CreationChild.RunAsync(folder, int.Parse(start), int.Parse(count));
        }

        if (args is [PullChild.Verb, var store, var name])
        {
            return await PullChild.RunAsync(store, name);
        }

        return args.Contains("--server") || args.Contains("--internal-msbuild-node")
            ? await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : await ConsoleRunner.Run(args);
    }
}
