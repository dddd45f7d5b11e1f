namespace LlavaServer.Engine.Cpu.Kernels.Simd;

/// <summary>
/// The operations that a kernel needs of one register width, so that its loop is written once and the JIT specialises it for 512, 256 and 128 bits
/// and for scalar code. A lane is 32 bits: a float, an int, two packed shorts or four packed bytes.
/// </summary>
/// <typeparam name="TF">Register of floats.</typeparam>
/// <typeparam name="TI">Register of ints.</typeparam>
internal unsafe interface ILanes<TF, TI>
    where TF : struct
    where TI : struct
{
    /// <summary>Lanes of a register: 16, 8, 4 or 1.</summary>
    static abstract int Count { get; }

    static abstract TF Load(float* source);

    static abstract void Store(float* destination, TF value);

    static abstract TF Broadcast(float value);

    static abstract TF Add(TF left, TF right);

    static abstract TF Subtract(TF left, TF right);

    static abstract TF Multiply(TF left, TF right);

    static abstract TF Divide(TF left, TF right);

    static abstract TF Max(TF left, TF right);

    static abstract TF Abs(TF value);

    /// <summary><c>left * right + addend</c>, fused where the hardware does so.</summary>
    static abstract TF MultiplyAdd(TF left, TF right, TF addend);

    static abstract TF Exp(TF value);

    /// <summary>Nearest integer, ties to even.</summary>
    static abstract TF Round(TF value);

    static abstract float Sum(TF value);

    static abstract float MaxAcross(TF value);

    static abstract TI LoadInt(void* source);

    static abstract void StoreInt(void* destination, TI value);

    static abstract TI BroadcastInt(int value);

    /// <summary>Bytes, zero-extended to lanes.</summary>
    static abstract TI LoadBytes(byte* source);

    /// <summary>Bytes, sign-extended to lanes.</summary>
    static abstract TI LoadSBytes(sbyte* source);

    /// <summary>Shorts, sign-extended to lanes.</summary>
    static abstract TI LoadShorts(short* source);

    /// <summary>Stores the low byte of every lane.</summary>
    static abstract void StoreSBytes(sbyte* destination, TI value);

    /// <summary>Stores the low short of every lane.</summary>
    static abstract void StoreShorts(short* destination, TI value);

    static abstract TI AddInt(TI left, TI right);

    static abstract TI SubtractInt(TI left, TI right);

    static abstract TI And(TI left, TI right);

    static abstract TI Or(TI left, TI right);

    static abstract TI ShiftLeft(TI value, int bits);

    static abstract TI ShiftRight(TI value, int bits);

    static abstract TI ShiftRightArithmetic(TI value, int bits);

    static abstract TF ToSingle(TI value);

    static abstract TI ToInt(TF value);

    static abstract TF AsSingle(TI value);

    static abstract TI AsInt(TF value);

    static abstract int SumInt(TI value);

    /// <summary>Adds the two shorts of each lane.</summary>
    static abstract TI AddShorts(TI left, TI right);

    /// <summary>Shifts both shorts of each lane.</summary>
    static abstract TI ShiftLeftShorts(TI value, int bits);

    /// <summary>Shifts both shorts of each lane, keeping signs.</summary>
    static abstract TI ShiftRightShorts(TI value, int bits);

    /// <summary>Unsigned bytes times signed bytes, neighbours added: two shorts a lane. The caller keeps sums within a short.</summary>
    static abstract TI MultiplyAddBytes(TI unsignedBytes, TI signedBytes);

    /// <summary>Shorts times shorts, neighbours added: one int a lane.</summary>
    static abstract TI MultiplyAddShorts(TI left, TI right);
}
