using System.Reflection;

namespace LlavaServer;

/// <summary>Version of this build.</summary>
internal static class ProductVersion
{
    /// <summary>For example <c>0.1.0+3f2a9c</c>.</summary>
    public static string Full { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>For example <c>0.1.0</c>.</summary>
    public static string Short { get; } = Full.Split('+')[0];

    /// <summary>Commit that was built, or empty.</summary>
    public static string Commit { get; } = Full.Split('+') is [_, var commit, ..] ? commit : "";
}
