// Whether a file is an export of this page, member by member. Nothing of it is trusted; what is not known is left out and counted.

import { efforts } from "./requests.js";

const limits = { fileBytes: 512 * 1024 * 1024, messages: 10_000, title: 1_000, name: 1_000, text: 16 * 1024 * 1024, stops: 64, imagesOfMessage: 256, side: 65_535 };
const version = 1;

/** A file that is not imported at all. `code` says why, `detail` has the numbers. */
export class ImportError extends Error {
  constructor(code, detail = {}) {
    super(code);
    Object.assign(this, { code, detail });
  }
}

/** The reason why one conversation is refused. */
class Refused extends Error {}

const refuse = reason => {
  throw new Refused(reason);
};

const isObject = value => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The file's outermost members.
 * @returns {conversations, images: [[digest, {type, width, height, data}]], unknownMembers}
 */
export async function readFile(file) {
  if (file.size > limits.fileBytes) {
    throw new ImportError("too-large", { size: file.size, limit: limits.fileBytes });
  }

  let root;
  try {
    root = JSON.parse(await file.text());
  } catch (failure) {
    throw new ImportError("not-json", { reason: failure.message });
  }

  if (!isObject(root) || root.format !== "llava-chat") {
    throw new ImportError("not-ours");
  }

  if (Number.isInteger(root.version) && root.version > version) {
    throw new ImportError("newer", { version: root.version, supported: version });
  }

  if (root.version !== version || !Array.isArray(root.conversations) || !isObject(root.images ?? {})) {
    throw new ImportError("broken");
  }

  const count = { unknown: 0 };
  known(root, ["format", "version", "exportedAt", "server", "conversations", "images"], count);
  const images = Object.entries(root.images ?? {}).map(([digest, image]) => {
    const { type, width, height, data } = known(isObject(image) ? image : {}, ["type", "width", "height", "data"], count);
    return /^[0-9a-f]{64}$/.test(digest) && typeof type === "string" && typeof data === "string" && isSide(width) && isSide(height) ? [digest, { type, width, height, data }] : null;
  }).filter(Boolean);
  return { conversations: root.conversations, images, unknownMembers: count.unknown };
}

/**
 * One conversation, made of known members only.
 * @param images by digest; one with a `reason` is not what it says
 * @returns {title, conversation, messages, unknownMembers} or {title, reason}
 */
export function checkConversation(candidate, images) {
  const title = isObject(candidate) && typeof candidate.title === "string" ? candidate.title.slice(0, 100) : "?";
  try {
    const count = { unknown: 0 };
    const read = known(isObject(candidate) ? candidate : refuse("conversation"), ["id", "title", "createdAt", "updatedAt", "model", "system", "params", "leaf", "messages"], count);
    const list = Array.isArray(read.messages) ? read.messages : refuse("conversation");
    if (list.length > limits.messages) {
      refuse("too-many-messages");
    }

    const conversation = {
      id: idOf(read.id), title: textOf(read.title, limits.title), createdAt: timeOf(read.createdAt), updatedAt: timeOf(read.updatedAt),
      model: orNull(read.model, value => textOf(value, limits.name)), system: textOf(read.system ?? "", limits.text), params: paramsOf(read.params ?? {}, count),
      leaf: orNull(read.leaf, idOf),
    };
    const messages = list.map(message => messageOf(message, conversation.id, images, count));
    checkTree(conversation, messages);
    return { title, conversation, messages, unknownMembers: count.unknown };
  } catch (failure) {
    if (failure instanceof Refused) {
      return { title, reason: failure.message };
    }

    throw failure;
  }
}

function messageOf(candidate, conversation, images, count) {
  const read = known(isObject(candidate) ? candidate : refuse("message"), ["id", "parent", "role", "text", "images", "thoughts", "state", "createdAt", "error", "model", "usage", "timings", "finish"], count);
  const list = Array.isArray(read.images ?? []) ? read.images ?? [] : refuse("message");
  if (!["user", "assistant"].includes(read.role) || !["done", "stopped", "error", "interrupted"].includes(read.state) || list.length > limits.imagesOfMessage) {
    refuse("message");
  }

  return {
    id: idOf(read.id), conversation, parent: orNull(read.parent, idOf), role: read.role, text: textOf(read.text, limits.text),
    images: list.map(image => refOf(image, images, count)), thoughts: orNull(read.thoughts, value => textOf(value, limits.text)), state: read.state, createdAt: timeOf(read.createdAt), error: orNull(read.error, error => errorOf(error, count)),
    model: orNull(read.model, value => textOf(value, limits.name)), usage: orNull(read.usage, value => numbersOf(value, count)),
    timings: orNull(read.timings, value => numbersOf(value, count)), finish: orNull(read.finish, value => textOf(value, limits.name)),
  };
}

function refOf(candidate, images, count) {
  const { digest, name, width, height } = known(isObject(candidate) ? candidate : refuse("message"), ["digest", "name", "width", "height"], count);
  const image = images.get(digest) ?? refuse("image-missing");
  if (image.reason) {
    refuse(image.reason);
  }

  return isSide(width) && isSide(height) ? { digest, name: textOf(name, limits.name), width, height } : refuse("message");
}

/** Each message once, each parent and the leaf among them, no circle. */
function checkTree(conversation, messages) {
  const parents = new Map(messages.map(message => [message.id, message.parent]));
  if (parents.size !== messages.length) {
    refuse("twice");
  }

  if ((conversation.leaf !== null && !parents.has(conversation.leaf)) || messages.some(message => message.parent !== null && !parents.has(message.parent))) {
    refuse("reference");
  }

  // A message that is known to lead to a beginning need not be followed again.
  const sound = new Set([null]);
  for (const { id } of messages) {
    const path = new Set();
    for (let at = id; !sound.has(at); at = parents.get(at)) {
      if (path.has(at)) {
        refuse("cycle");
      }

      path.add(at);
    }

    path.forEach(each => sound.add(each));
  }
}

function paramsOf(candidate, count) {
  const names = ["temperature", "top_p", "top_k", "min_p", "repeat_penalty", "max_tokens", "seed"];
  const read = known(isObject(candidate) ? candidate : refuse("conversation"), [...names, "stop", "reasoning_effort"], count);
  const params = Object.fromEntries(names.filter(name => read[name] !== undefined && read[name] !== null).map(name => [name, Number.isFinite(read[name]) ? read[name] : refuse("conversation")]));
  if (efforts.includes(read.reasoning_effort)) {
    params.reasoning_effort = read.reasoning_effort;
  } else if (read.reasoning_effort !== undefined && read.reasoning_effort !== null) {
    refuse("conversation");
  }

  if (read.stop === undefined || read.stop === null) {
    return params;
  }

  return Array.isArray(read.stop) && read.stop.length <= limits.stops ? { ...params, stop: read.stop.map(text => textOf(text, limits.name)) } : refuse("conversation");
}

function errorOf(candidate, count) {
  const { code, message, requestId, status, param, retryAt, detail } = known(
    isObject(candidate) ? candidate : refuse("message"), ["code", "message", "requestId", "status", "param", "retryAt", "detail"], count);
  const text = value => orNull(value, other => textOf(other, limits.text));
  const number = value => orNull(value, other => Number.isFinite(other) ? other : refuse("message"));
  return { code: textOf(code, limits.name), message: textOf(message, limits.text), requestId: text(requestId), status: number(status), param: text(param), detail: numbersOf(detail ?? {}, count), retryAt: number(retryAt) };
}

/** Counts and times by their names, at most one level deep: what a later version adds to them is kept. */
function numbersOf(candidate, count, depth = 0) {
  const numbers = {};
  for (const [name, value] of Object.entries(isObject(candidate) ? candidate : refuse("message"))) {
    if (/^[a-z][a-z0-9_]{0,63}$/.test(name) && Number.isFinite(value)) {
      numbers[name] = value;
    } else if (/^[a-z][a-z0-9_]{0,63}$/.test(name) && isObject(value) && depth === 0) {
      numbers[name] = numbersOf(value, count, depth + 1);
    } else {
      count.unknown++;
    }
  }

  return numbers;
}

function known(object, names, count) {
  count.unknown += Object.keys(object).filter(name => !names.includes(name)).length;
  return Object.fromEntries(names.filter(name => Object.hasOwn(object, name)).map(name => [name, object[name]]));
}

const orNull = (value, read) => value === null || value === undefined ? null : read(value);
const idOf = value => typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value) ? value : refuse("id");
const textOf = (value, limit) => typeof value === "string" && value.length <= limit ? value : refuse("text");
const timeOf = value => Number.isSafeInteger(value) && value >= 0 ? value : refuse("time");
const isSide = value => Number.isInteger(value) && value >= 1 && value <= limits.side;
