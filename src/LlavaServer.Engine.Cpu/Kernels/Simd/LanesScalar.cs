using System.Runtime.CompilerServices;

namespace LlavaServer.Engine.Cpu.Kernels.Simd;

/// <summary>One lane in general registers: the scalar twin of every kernel, and what runs without vector hardware.</summary>
internal unsafe struct LanesScalar : ILanes<float, int>
{
    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(float* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, float value) => *destination = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Broadcast(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add(float left, float right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Subtract(float left, float right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Multiply(float left, float right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Divide(float left, float right) => left / right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float left, float right) => MathF.Max(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Abs(float value) => MathF.Abs(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyAdd(float left, float right, float addend) => float.MultiplyAddEstimate(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp(float value) => MathF.Exp(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Round(float value) => MathF.Round(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LoadInt(void* source) => Unsafe.ReadUnaligned<int>(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt(void* destination, int value) => Unsafe.WriteUnaligned(destination, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int BroadcastInt(int value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LoadBytes(byte* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LoadSBytes(sbyte* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LoadShorts(short* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSBytes(sbyte* destination, int value) => *destination = (sbyte)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreShorts(short* destination, int value) => *destination = (short)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AddInt(int left, int right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SubtractInt(int left, int right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int And(int left, int right) => left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Or(int left, int right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ShiftLeft(int value, int bits) => value << bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ShiftRight(int value, int bits) => value >>> bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ShiftRightArithmetic(int value, int bits) => value >> bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(int value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ToInt(float value) => (int)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float AsSingle(int value) => BitConverter.Int32BitsToSingle(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AsInt(float value) => BitConverter.SingleToInt32Bits(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SumInt(int value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AddShorts(int left, int right) => Pack((short)left + (short)right, (left >> 16) + (right >> 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ShiftLeftShorts(int value, int bits) => Pack((short)value << bits, (value >> 16) << bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ShiftRightShorts(int value, int bits) => Pack((short)value >> bits, (value >> 16) >> bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MultiplyAddShorts(int left, int right) => ((short)left * (short)right) + ((left >> 16) * (right >> 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MultiplyAddBytes(int unsignedBytes, int signedBytes) => Pack(
        ((byte)unsignedBytes * (sbyte)signedBytes) + ((byte)(unsignedBytes >> 8) * (sbyte)(signedBytes >> 8)),
        ((byte)(unsignedBytes >> 16) * (sbyte)(signedBytes >> 16)) + ((byte)(unsignedBytes >> 24) * (sbyte)(signedBytes >> 24)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Pack(int low, int high) => (ushort)low | (high << 16);
}
