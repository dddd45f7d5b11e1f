namespace LlavaServer.Engine.LLamaSharp.Native;

/// <summary>A device that llama.cpp can compute on.</summary>
/// <param name="Name">For example <c>CUDA0</c>.</param>
/// <param name="Description">For example the card's name.</param>
/// <param name="FreeBytes">Memory that is free now.</param>
/// <param name="TotalBytes">Its memory.</param>
public sealed record Device(string Name, string Description, long FreeBytes, long TotalBytes);
