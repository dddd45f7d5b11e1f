namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

internal readonly struct Q4_0Type : INibbleType
{
    public static bool HasMinimum => false;

    public static bool HasFifthBits => false;

    public static int Offset => 8;
}

internal readonly struct Q4_1Type : INibbleType
{
    public static bool HasMinimum => true;

    public static bool HasFifthBits => false;

    public static int Offset => 0;
}

internal readonly struct Q5_0Type : INibbleType
{
    public static bool HasMinimum => false;

    public static bool HasFifthBits => true;

    public static int Offset => 16;
}

internal readonly struct Q5_1Type : INibbleType
{
    public static bool HasMinimum => true;

    public static bool HasFifthBits => true;

    public static int Offset => 0;
}
