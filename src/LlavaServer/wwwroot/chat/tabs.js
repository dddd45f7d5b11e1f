// Other tabs of this page: which conversations they answer just now, so that none is answered twice.

const prefix = "llava-chat:answer:";

/**
 * @param onChange called with the ids of conversations that other tabs answer
 */
export function createTabs(onChange) {
  const channel = new BroadcastChannel("llava-chat:answers");
  const locks = globalThis.navigator?.locks;
  const own = new Set();
  let others = new Set();

  const tell = next => {
    if (next.size !== others.size || [...next].some(id => !others.has(id))) {
      others = next;
      onChange([...others]);
    }
  };

  channel.onmessage = ({ data }) => {
    if (data.ask) {
      own.forEach(id => channel.postMessage({ busy: id }));
    } else {
      const next = new Set(others);
      data.busy ? next.add(data.busy) : next.delete(data.free);
      tell(next);
    }
  };
  channel.postMessage({ ask: true });

  return {
    /** Returns what gives the conversation back, or null: another tab answers it. */
    async claim(id) {
      const release = locks ? await lock(locks, prefix + id) : others.has(id) ? null : () => {};
      if (!release) {
        return null;
      }

      own.add(id);
      channel.postMessage({ busy: id });
      return () => {
        own.delete(id);
        channel.postMessage({ free: id });
        release();
      };
    },

    /** Looks again: a tab that died says nothing. */
    async refresh() {
      if (locks) {
        const { held } = await locks.query();
        tell(new Set(held.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => name.slice(prefix.length)).filter(id => !own.has(id))));
      }
    },

    close: () => channel.close(),
  };
}

function lock(locks, name) {
  return new Promise((resolve, reject) => {
    locks.request(name, { ifAvailable: true }, held => {
      if (!held) {
        resolve(null);
        return undefined;
      }

      return new Promise(release => resolve(release));
    }).catch(reject);
  });
}
