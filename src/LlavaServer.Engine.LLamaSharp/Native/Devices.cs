using System.Runtime.InteropServices;

namespace LlavaServer.Engine.LLamaSharp.Native;

/// <summary>Looks at the devices that the loaded library offers. Any thread.</summary>
internal static unsafe class Devices
{
    // GGML_BACKEND_DEVICE_TYPE_GPU and _IGPU of ggml-backend.h.
    private const int Gpu = 1;
    private const int IntegratedGpu = 2;

    /// <summary>Graphics cards that can be used, in llama.cpp's order.</summary>
    public static IReadOnlyList<Device> Gpus(NativeModules modules)
    {
        var count = (delegate* unmanaged[Cdecl]<nuint>)modules.Export("ggml_backend_dev_count");
        var get = (delegate* unmanaged[Cdecl]<nuint, nint>)modules.Export("ggml_backend_dev_get");
        var type = (delegate* unmanaged[Cdecl]<nint, int>)modules.Export("ggml_backend_dev_type");
        var name = (delegate* unmanaged[Cdecl]<nint, nint>)modules.Export("ggml_backend_dev_name");
        var description = (delegate* unmanaged[Cdecl]<nint, nint>)modules.Export("ggml_backend_dev_description");
        var memory = (delegate* unmanaged[Cdecl]<nint, nuint*, nuint*, void>)modules.Export("ggml_backend_dev_memory");
        var found = new List<Device>();
        for (nuint i = 0; i < count(); i++)
        {
            var device = get(i);
            if (type(device) is not (Gpu or IntegratedGpu))
            {
                continue;
            }

            nuint free;
            nuint total;
            memory(device, &free, &total);
            found.Add(new Device(
                Marshal.PtrToStringUTF8(name(device)) ?? "", Marshal.PtrToStringUTF8(description(device)) ?? "", (long)free, (long)total));
        }

        return found;
    }
}
