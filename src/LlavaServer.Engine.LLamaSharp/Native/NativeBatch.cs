using System.Runtime.InteropServices;

namespace LlavaServer.Engine.LLamaSharp.Native;

/// <summary>llama.cpp's <c>llama_batch</c>, passed by value: rows of token ids or of embeddings, never both.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeBatch
{
    public int Count;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** Sequences;
    public byte* WantsOutput;
}
