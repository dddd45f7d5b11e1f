namespace LlavaServer.Engine.LLamaSharp.Native;

/// <summary>
/// Functions of llama.cpp that LLamaSharp does not offer, or offers under a lock of its own or with allocations. Pointers are of live objects: the caller
/// keeps them so. Immutable; on which thread a function may be called is the object's affair.
/// </summary>
internal sealed unsafe class LlamaFunctions(NativeModules modules)
{
    private readonly delegate* unmanaged[Cdecl]<nint, NativeBatch, int> _decode =
        (delegate* unmanaged[Cdecl]<nint, NativeBatch, int>)modules.Export("llama_decode");

    private readonly delegate* unmanaged[Cdecl]<nint, int, float*> _logits =
        (delegate* unmanaged[Cdecl]<nint, int, float*>)modules.Export("llama_get_logits_ith");

    private readonly delegate* unmanaged[Cdecl]<nint, int, float*> _embeddings =
        (delegate* unmanaged[Cdecl]<nint, int, float*>)modules.Export("llama_get_embeddings_ith");

    private readonly delegate* unmanaged[Cdecl]<nint, byte, void> _setEmbeddings =
        (delegate* unmanaged[Cdecl]<nint, byte, void>)modules.Export("llama_set_embeddings");

    private readonly delegate* unmanaged[Cdecl]<nint, nint> _memory = (delegate* unmanaged[Cdecl]<nint, nint>)modules.Export("llama_get_memory");

    private readonly delegate* unmanaged[Cdecl]<nint, int, int, int, byte> _remove =
        (delegate* unmanaged[Cdecl]<nint, int, int, int, byte>)modules.Export("llama_memory_seq_rm");

    private readonly delegate* unmanaged[Cdecl]<nint, int, int, int, int, void> _copy =
        (delegate* unmanaged[Cdecl]<nint, int, int, int, int, void>)modules.Export("llama_memory_seq_cp");

    private readonly delegate* unmanaged[Cdecl]<nint, byte> _isRecurrent =
        (delegate* unmanaged[Cdecl]<nint, byte>)modules.Export("llama_model_is_recurrent");

    private readonly delegate* unmanaged[Cdecl]<nint, byte> _isHybrid = (delegate* unmanaged[Cdecl]<nint, byte>)modules.Export("llama_model_is_hybrid");

    private readonly delegate* unmanaged[Cdecl]<nint, byte> _hasEncoder =
        (delegate* unmanaged[Cdecl]<nint, byte>)modules.Export("llama_model_has_encoder");

    private readonly delegate* unmanaged[Cdecl]<nint, int> _ropeType = (delegate* unmanaged[Cdecl]<nint, int>)modules.Export("llama_model_rope_type");

    private readonly delegate* unmanaged[Cdecl]<nint, int> _inputWidth = (delegate* unmanaged[Cdecl]<nint, int>)modules.Export("llama_model_n_embd_inp");

    private readonly delegate* unmanaged[Cdecl]<nint, nint, int> _encodeChunk =
        (delegate* unmanaged[Cdecl]<nint, nint, int>)modules.Export("mtmd_encode_chunk");

    private readonly delegate* unmanaged[Cdecl]<nint, float*> _encoded = (delegate* unmanaged[Cdecl]<nint, float*>)modules.Export("mtmd_get_output_embd");

    private readonly delegate* unmanaged[Cdecl]<nint, nint, byte> _isNonCausal =
        (delegate* unmanaged[Cdecl]<nint, nint, byte>)modules.Export("mtmd_decode_use_non_causal");

    // LLAMA_ROPE_TYPE_MROPE and _IMROPE of llama.h.
    private const int MRope = 8;
    private const int InterleavedMRope = 40;

    /// <summary>Computes a batch: 0 done, 1 no room and nothing changed, else failed.</summary>
    public int Decode(nint context, in NativeBatch batch) => _decode(context, batch);

    /// <summary>Logits of a row of the last batch that had an output; null for others.</summary>
    public float* Logits(nint context, int row) => _logits(context, row);

    /// <summary>Hidden state behind the output norm of a row of the last batch, when embeddings were switched on.</summary>
    public float* Embedding(nint context, int row) => _embeddings(context, row);

    public void SwitchEmbeddings(nint context, bool on) => _setEmbeddings(context, on ? (byte)1 : (byte)0);

    /// <summary>Forgets positions of a sequence from one on; false: this kind of memory cannot.</summary>
    public bool Remove(nint context, int sequence, int from) => _remove(_memory(context), sequence, from, -1) != 0;

    /// <summary>Adds the first positions of a sequence to another, which is empty.</summary>
    public void Copy(nint context, int source, int target, int length) => _copy(_memory(context), source, target, 0, length);

    /// <summary>Whether the model keeps a state that positions cannot be taken out of.</summary>
    public bool IsRecurrent(nint model) => _isRecurrent(model) != 0 || _isHybrid(model) != 0;

    public bool HasEncoder(nint model) => _hasEncoder(model) != 0;

    /// <summary>Whether positions have more than one dimension.</summary>
    public bool HasMRope(nint model) => _ropeType(model) is MRope or InterleavedMRope;

    /// <summary>Floats of a row that the model takes in place of a token.</summary>
    public int InputWidth(nint model) => _inputWidth(model);

    /// <summary>Whether rows of pictures look at each other in both directions.</summary>
    public bool IsNonCausal(nint vision) => _isNonCausal(vision, 0) != 0;

    /// <summary>Encodes a picture's chunk; 0 is success.</summary>
    public int EncodeChunk(nint vision, nint chunk) => _encodeChunk(vision, chunk);

    /// <summary>Rows of the last chunk that was encoded; overwritten by the next.</summary>
    public float* Encoded(nint vision) => _encoded(vision);
}
