using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using LlavaServer.Inference.Engines.Hosting;

namespace LlavaServer.Engine.LLamaSharp.Native;

/// <summary>
/// Brings what llama.cpp says to standard error, a line at a time with its level, from where the server takes it into its log. Text arrives in fragments
/// from any thread. Debug text is dropped: it may hold what the user wrote.
/// </summary>
internal static unsafe class NativeLog
{
    // ggml_log_level of ggml.h.
    private const int Debug = 1;
    private const int Info = 2;
    private const int Warn = 3;
    private const int Error = 4;
    private const int Continue = 5;
    private const int LongestLine = 2000;

    private static readonly Lock s_lock = new();
    private static readonly StringBuilder s_line = new();
    private static int s_level = Info;
    private static string s_firstError = "";

    /// <summary>The first line that reported an error since this was asked for last: those after it follow from it. Empty if there is none.</summary>
    public static string TakeError()
    {
        lock (s_lock)
        {
            var line = s_firstError;
            s_firstError = "";
            return line;
        }
    }

    /// <summary>Takes what vision towers say, and what a failed assertion says before the process ends.</summary>
    public static void Redirect(NativeModules modules)
    {
        ((delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<int, byte*, void*, void>, void*, void>)modules.Export("mtmd_helper_log_set"))(&Write, null);
        ((delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<byte*, void>, void*>)modules.Export("ggml_set_abort_callback"))(&Abort);
    }

    /// <summary>A fragment; lines end with a line feed.</summary>
    public static void Write(int level, string text)
    {
        lock (s_lock)
        {
            if (level != Continue)
            {
                s_level = level;
            }

            foreach (var character in text)
            {
                if (character == '\n')
                {
                    End();
                }
                else if (s_line.Length < LongestLine)
                {
                    s_line.Append(character);
                }
            }
        }
    }

    private static void End()
    {
        var line = s_line.ToString().Trim();
        s_line.Clear();
        if (s_level == Error && s_firstError.Length == 0)
        {
            s_firstError = line;
        }

        // Progress dots are one line each.
        if (s_level != Debug && line.Trim('.').Length > 0)
        {
            var mark = s_level switch
            {
                Error => EngineWords.Error,
                Warn => EngineWords.Warning,
                _ => EngineWords.Debug,
            };
            Console.Error.WriteLine(mark + line);
        }
    }

    // An exception that leaves a callback ends the process.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Write(int level, byte* text, void* state)
    {
        try
        {
            Write(level, Marshal.PtrToStringUTF8((nint)text) ?? "");
        }
        catch (Exception exception) when (exception is IOException or OutOfMemoryException)
        {
            // A line is lost.
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Abort(byte* text)
    {
        try
        {
            Console.Error.WriteLine(EngineWords.Error + (Marshal.PtrToStringUTF8((nint)text) ?? "").Trim());
            Console.Error.Flush();
        }
        catch (IOException)
        {
            // Nobody reads.
        }
    }
}
