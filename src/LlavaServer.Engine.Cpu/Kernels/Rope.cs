namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>Rotary position embedding (Su et al. 2021) of the heads of one row, by cosines and sines of its position.</summary>
internal static unsafe class Rope
{
    /// <param name="heads">Shape (headCount, headWidth), rotated in place.</param>
    /// <param name="cosines">Shape (ropeWidth / 2).</param>
    /// <param name="sines">Shape (ropeWidth / 2).</param>
    /// <param name="rotatesHalves">True pairs element i with i + ropeWidth / 2 (NEOX), false 2i with 2i + 1 (NORM).</param>
    public static void Rotate(float* heads, int headCount, int headWidth, int ropeWidth, float* cosines, float* sines, bool rotatesHalves)
    {
        int half = ropeWidth / 2;
        int step = rotatesHalves ? 1 : 2;
        int apart = rotatesHalves ? half : 1;
        for (int head = 0; head < headCount; head++, heads += headWidth)
        {
            for (int i = 0; i < half; i++)
            {
                float first = heads[step * i];
                float second = heads[(step * i) + apart];
                heads[step * i] = (first * cosines[i]) - (second * sines[i]);
                heads[(step * i) + apart] = (first * sines[i]) + (second * cosines[i]);
            }
        }
    }
}
