using LlavaServer.Inference.Prompting;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Beginnings of the prompts that one executor got lately, in whole blocks, so that a prompt that begins alike can be sent there. It only guides a choice:
/// what is reused is decided by the executor's own cache, by content. Bounded, least recently used out; thread-safe.
/// </summary>
internal sealed class PromptIndex(int mostBlocks)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, LinkedListNode<ulong>> _blocks = [];
    private readonly LinkedList<ulong> _byUse = new();

    /// <summary>A number for each whole block of a prompt, which stands for the block and all before it.</summary>
    public static ulong[] Chain(Prompt prompt, string scope)
    {
        var chain = new ulong[prompt.Length / PrefixNode.Size];
        var hash = new HashState(scope);
        for (var block = 0; block < chain.Length; block++)
        {
            for (var position = block * PrefixNode.Size; position < (block + 1) * PrefixNode.Size; position++)
            {
                var tokenId = prompt.TokenIds[position];
                hash.Add(tokenId);
                if (tokenId == Prompt.ImageRow)
                {
                    var image = prompt.ImageAt(position);
                    hash.Add(image.Picture.Hash.GetHashCode());
                    hash.Add(position - image.Start);
                }
            }

            chain[block] = hash.Value;
        }

        return chain;
    }

    /// <summary>Blocks at the beginning that are known.</summary>
    public int Match(ulong[] chain)
    {
        lock (_lock)
        {
            var count = 0;
            while (count < chain.Length && _blocks.ContainsKey(chain[count]))
            {
                count++;
            }

            return count;
        }
    }

    public void Add(ulong[] chain)
    {
        lock (_lock)
        {
            // From the end, so that beginnings are forgotten last.
            for (var i = chain.Length - 1; i >= 0; i--)
            {
                if (_blocks.TryGetValue(chain[i], out var known))
                {
                    _byUse.Remove(known);
                    _byUse.AddLast(known);
                }
                else
                {
                    _blocks.Add(chain[i], _byUse.AddLast(chain[i]));
                }
            }

            while (_blocks.Count > mostBlocks)
            {
                _blocks.Remove(_byUse.First!.Value);
                _byUse.RemoveFirst();
            }
        }
    }

    /// <summary>The engine is another one: nothing is stored any more.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _blocks.Clear();
            _byUse.Clear();
        }
    }

    // Fowler, Noll, Vo with a multiplication that spreads 64 bits.
    private struct HashState
    {
        public HashState(string scope)
        {
            Value = 14695981039346656037UL;
            foreach (var character in scope)
            {
                Add(character);
            }
        }

        public ulong Value { get; private set; }

        public void Add(int value)
        {
            Value = (Value ^ (uint)value) * 0x9E3779B97F4A7C15UL;
            Value ^= Value >> 29;
        }
    }
}
