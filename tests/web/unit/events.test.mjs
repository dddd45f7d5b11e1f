import assert from "node:assert/strict";
import { test } from "node:test";
import { createEventParser } from "../../../src/LlavaServer/wwwroot/chat/api.js";

function parse(pieces) {
  const events = [];
  const parser = createEventParser(data => events.push(data));
  pieces.forEach(piece => parser.push(piece));
  parser.end();
  return events;
}

const encode = text => new TextEncoder().encode(text);
const stream = ": keep-alive\n\ndata: {\"a\":1}\n\ndata: zwölf 🐱\n\n:x\ndata:first\ndata: second\n\nevent: other\ndata: [DONE]\n\n";
const expected = ["{\"a\":1}", "zwölf 🐱", "first\nsecond", "[DONE]"];

for (const [name, end] of [["LF", "\n"], ["CRLF", "\r\n"], ["CR", "\r"]]) {
  test(`split at every byte, lines end with ${name}`, () => {
    const bytes = encode(stream.replaceAll("\n", end));
    assert.deepEqual(parse([bytes]), expected);
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(parse([bytes.subarray(0, at), bytes.subarray(at)]), expected, `split at ${at}`);
    }
  });

  test(`byte by byte, lines end with ${name}`, () => {
    assert.deepEqual(parse([...encode(stream.replaceAll("\n", end))].map(byte => new Uint8Array([byte]))), expected);
  });
}

test("the last event counts without a final newline", () => assert.deepEqual(parse([encode("data: a\n\ndata: b")]), ["a", "b"]));
test("comments and empty streams are no events", () => assert.deepEqual(parse([encode(": one\n\n: two\n\n\n\n")]), []));
test("only one space is taken off", () => assert.deepEqual(parse([encode("data:  a \n\n")]), [" a "]));
