// Conversations out of the history into a file, and from a file back.

import { ImportError, checkConversation, readFile } from "./import-check.js";
import { createId } from "./records.js";
import { HistoryFullError } from "./db.js";
import { sha256 } from "./sha256.js";
import { kindOf } from "./formats.js";

export { ImportError };

const imageTypes = { jpeg: "image/jpeg", png: "image/png", webp: "image/webp" };
const messageMembers = ["thoughts", "error", "model", "usage", "timings", "finish"];

/**
 * The file of section 10 of the contract: conversations with all versions, and each picture once.
 * @param ids of conversations; null is all
 */
export async function exportHistory(history, ids, serverVersion) {
  const chosen = ids ?? (await history.listConversations()).map(conversation => conversation.id);
  const parts = [`{"format":"llava-chat","version":1,"exportedAt":${JSON.stringify(new Date().toISOString())},"server":${JSON.stringify(serverVersion ?? "")},\n"conversations":[`];
  const digests = new Set();
  let count = 0;
  for (const id of chosen) {
    const loaded = await history.loadConversation(id);
    if (loaded) {
      parts.push(count++ > 0 ? ",\n" : "\n", JSON.stringify(outOf(loaded)));
      loaded.messages.forEach(message => (message.images ?? []).forEach(image => digests.add(image.digest)));
    }
  }

  parts.push('],\n"images":{');
  count = 0;
  for (const digest of digests) {
    const image = await history.getImage(digest);
    if (image) {
      const { type, width, height } = image;
      parts.push(`${count++ > 0 ? ",\n" : "\n"}${JSON.stringify(digest)}:${JSON.stringify({ type, width, height }).slice(0, -1)},"data":"`, ...await base64Of(image.blob), '"}');
    }
  }

  parts.push("}}\n");
  return new Blob(parts, { type: "application/json" });
}

/** The shown path of a conversation as Markdown. */
export async function exportMarkdown(history, id) {
  const { conversation, messages } = await history.loadConversation(id);
  const byId = new Map(messages.map(message => [message.id, message]));
  const path = [];
  for (let at = byId.get(conversation.leaf); at && !path.includes(at); at = byId.get(at.parent)) {
    path.push(at);
  }

  const parts = [`# ${oneLine(conversation.title)}\n`];
  if (conversation.system) {
    parts.push(`\n## System\n\n${conversation.system}\n`);
  }

  for (const message of path.reverse()) {
    const speaker = message.role === "user" ? "You" : oneLine(message.model ?? conversation.model ?? "Answer");
    const pictures = (message.images ?? []).map(({ name, width, height }) => `\n*Picture: ${oneLine(name)} (${width} × ${height})*\n`);
    parts.push(`\n## ${speaker}\n`, ...pictures, message.text === "" ? "" : `\n${message.text}\n`);
  }

  return new Blob(parts, { type: "text/markdown" });
}

/**
 * Reads a file of `exportHistory`. Everything is checked before anything is written; each conversation is written whole or not at all.
 * @returns {imported, present, renamed, refused: [{title, reason}], unknownMembers}: three counts that exclude each other, refusals, a count
 */
export async function importHistory(history, file, { onProgress = () => {} } = {}) {
  const content = await readFile(file);
  onProgress(0.1);
  const images = await checkImages(content.images, part => onProgress(0.1 + 0.4 * part));
  const report = { imported: 0, present: 0, renamed: 0, refused: [], unknownMembers: content.unknownMembers };
  const checked = [];
  for (const candidate of content.conversations) {
    const { title, reason, conversation, messages, unknownMembers } = checkConversation(candidate, images);
    report.unknownMembers += unknownMembers ?? 0;
    if (reason) {
      report.refused.push({ title, reason });
    } else {
      checked.push({ conversation, messages });
    }
  }

  onProgress(0.6);
  const stored = await everything(history);
  for (const [index, each] of checked.entries()) {
    try {
      report[await store(history, stored, each, images)]++;
    } catch (failure) {
      if (!(failure instanceof HistoryFullError)) {
        throw failure;
      }

      report.refused.push(...checked.slice(index).map(({ conversation }) => ({ title: conversation.title, reason: "full" })));
      break;
    }

    onProgress(0.6 + 0.4 * (index + 1) / checked.length);
  }

  return report;
}

/** A conversation as the file has it; members without a value are left out. */
function outOf({ conversation, messages }) {
  const { id, title, createdAt, updatedAt, model, system, params, leaf } = conversation;
  return {
    id, title, createdAt, updatedAt, model: model ?? null, system: system ?? "", params: params ?? {}, leaf: leaf ?? null,
    messages: [...messages].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)).map(message => ({
      id: message.id, parent: message.parent ?? null, role: message.role, text: message.text,
      images: (message.images ?? []).map(({ digest, name, width, height }) => ({ digest, name, width, height })),
      // Another tab may be answering: what is in the file goes no further.
      state: message.state === "streaming" ? "interrupted" : message.state,
      createdAt: message.createdAt,
      ...Object.fromEntries(messageMembers.filter(name => message[name] !== null && message[name] !== undefined).map(name => [name, message[name]])),
    })),
  };
}

const oneLine = text => text.replace(/\s+/g, " ").trim();

/** Base64 in pieces, each of whole triples of bytes. */
async function base64Of(blob) {
  const piece = 0x8000 * 3;
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const parts = [];
  for (let at = 0; at < bytes.length; at += piece) {
    let text = "";
    for (let from = at; from < Math.min(at + piece, bytes.length); from += 0x2000) {
      text += String.fromCharCode(...bytes.subarray(from, Math.min(from + 0x2000, at + piece)));
    }

    parts.push(btoa(text));
  }

  return parts;
}

/** Pictures by digest; in place of one that is not what it says, a reason. */
async function checkImages(found, onProgress) {
  const images = new Map();
  for (const [index, [digest, image]] of found.entries()) {
    images.set(digest, await checkImage(digest, image));
    onProgress((index + 1) / found.length);
  }

  return images;
}

async function checkImage(digest, { type, width, height, data }) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
  } catch {
    return { reason: "image-data" };
  }

  if (imageTypes[kindOf(bytes)] !== type) {
    return { reason: "image-type" };
  }

  const blob = new Blob([bytes], { type });
  return await sha256(blob) === digest ? { digest, blob, type, bytes: bytes.length, width, height } : { reason: "image-digest" };
}

/** What is in the history: conversations as the file would have them, and all ids of messages. */
async function everything(history) {
  const conversations = new Map();
  const messages = new Set();
  for (const { id } of await history.listConversations()) {
    const loaded = await history.loadConversation(id);
    if (loaded) {
      conversations.set(id, canonical(outOf(loaded)));
      loaded.messages.forEach(message => messages.add(message.id));
    }
  }

  return { conversations, messages };
}

/** The same text for the same content, whatever the order of members. */
const canonical = value => JSON.stringify(value, (_, part) => part && typeof part === "object" && !Array.isArray(part)
  ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1))
  : part);

async function store(history, stored, { conversation, messages }, images) {
  const text = canonical(outOf({ conversation, messages }));
  if (stored.conversations.get(conversation.id) === text) {
    return "present";
  }

  const isOther = stored.conversations.has(conversation.id);
  const written = isOther || messages.some(message => stored.messages.has(message.id)) ? renamed(conversation, messages, isOther) : { conversation, messages };
  const digests = new Set(messages.flatMap(message => message.images.map(image => image.digest)));
  const missing = [];
  for (const digest of digests) {
    if (!await history.getImage(digest)) {
      missing.push(images.get(digest));
    }
  }

  await history.addConversation(written.conversation, written.messages, missing);
  stored.conversations.set(written.conversation.id, text);
  written.messages.forEach(message => stored.messages.add(message.id));
  return isOther ? "renamed" : "imported";
}

/** The same tree under new ids, so that nothing that is here is overwritten. */
function renamed(conversation, messages, alsoConversation) {
  const ids = new Map(messages.map(message => [message.id, createId()]));
  const id = alsoConversation ? createId() : conversation.id;
  return {
    conversation: { ...conversation, id, leaf: ids.get(conversation.leaf) ?? null },
    messages: messages.map(message => ({ ...message, id: ids.get(message.id), conversation: id, parent: ids.get(message.parent) ?? null })),
  };
}
