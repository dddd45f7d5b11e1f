// Messages of a conversation form a tree: versions are siblings. A set of messages is an object by id that is never changed, only replaced.

const indexes = new WeakMap();

/** Children by parent id (null: the first messages), oldest first. Computed once for each set of messages. */
function childrenOf(messages) {
  let index = indexes.get(messages);
  if (!index) {
    index = new Map();
    for (const message of Object.values(messages)) {
      const parent = message.parent ?? null;
      index.get(parent)?.push(message) ?? index.set(parent, [message]);
    }

    for (const list of index.values()) {
      list.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    }

    indexes.set(messages, index);
  }

  return index;
}

/** From the first message to the leaf. Messages whose parent is missing begin a path of their own. */
export function pathTo(messages, leaf) {
  const path = [];
  const seen = new Set();
  for (let at = messages[leaf]; at && !seen.has(at.id); at = messages[at.parent]) {
    seen.add(at.id);
    path.push(at);
  }

  return path.reverse();
}

/** All versions beside a message, itself included, oldest first. */
export function versionsOf(messages, id) {
  return childrenOf(messages).get(messages[id]?.parent ?? null) ?? [];
}

/** The newest end below a message. */
export function leafBelow(messages, id) {
  const index = childrenOf(messages);
  let at = id;
  for (let children = index.get(at); children?.length; children = index.get(at)) {
    at = children.at(-1).id;
  }

  return at;
}

/** A message and everything that follows from it. */
export function withFollowing(messages, id) {
  const index = childrenOf(messages);
  const ids = [id];
  for (let i = 0; i < ids.length; i++) {
    ids.push(...(index.get(ids[i]) ?? []).map(message => message.id));
  }

  return ids;
}

/** The leaf to show after a message and what follows was deleted: a version beside it, else what stands before it. */
export function leafAfterDeleting(messages, id, leaf) {
  const gone = new Set(withFollowing(messages, id));
  if (!gone.has(leaf)) {
    return leaf;
  }

  const versions = versionsOf(messages, id);
  const place = versions.findIndex(version => version.id === id);
  const neighbour = versions[place + 1] ?? versions[place - 1];
  return neighbour ? leafBelow(messages, neighbour.id) : messages[id].parent ?? null;
}

/** The newest end of all, when there is no leaf to go by. */
export function newestLeaf(messages) {
  const first = childrenOf(messages).get(null)?.at(-1);
  return first ? leafBelow(messages, first.id) : null;
}
