import assert from "node:assert/strict";
import { test } from "node:test";
import { leafAfterDeleting, leafBelow, newestLeaf, pathTo, versionsOf, withFollowing } from "../../../src/LlavaServer/wwwroot/chat/tree.js";

// u1 - a1 - u2 - a2      u1 also has the answer a1b; u1b is another version of u1
const messages = Object.fromEntries([["u1", null], ["a1", "u1"], ["a1b", "u1"], ["u2", "a1"], ["a2", "u2"], ["u1b", null]].map(([id, parent], createdAt) => [id, { id, parent, createdAt }]));
const ids = list => list.map(message => message.id);

test("a path is what leads to a leaf", () => {
  assert.deepEqual(ids(pathTo(messages, "a2")), ["u1", "a1", "u2", "a2"]);
  assert.deepEqual(pathTo(messages, null), []);
  assert.deepEqual(pathTo(messages, "gone"), []);
});

test("a cycle ends", () => {
  const circle = { x: { id: "x", parent: "y" }, y: { id: "y", parent: "x" } };
  assert.equal(pathTo(circle, "x").length, 2);
});

test("W60 versions are what has the same parent, oldest first", () => {
  assert.deepEqual(ids(versionsOf(messages, "a1b")), ["a1", "a1b"]);
  assert.deepEqual(ids(versionsOf(messages, "u1")), ["u1", "u1b"]);
});

test("the newest end below a version", () => {
  assert.equal(leafBelow(messages, "a1"), "a2");
  assert.equal(leafBelow(messages, "u1b"), "u1b");
  assert.equal(newestLeaf(messages), "u1b");
  assert.equal(newestLeaf({}), null);
});

test("W60 deleting takes what follows and shows a version beside it, else what stands before", () => {
  assert.deepEqual(withFollowing(messages, "a1").sort(), ["a1", "a2", "u2"]);
  assert.equal(leafAfterDeleting(messages, "a1", "a2"), "a1b");
  assert.equal(leafAfterDeleting(messages, "u2", "a2"), "a1");
  assert.equal(leafAfterDeleting(messages, "a1b", "a2"), "a2");
  assert.equal(leafAfterDeleting({ u1: messages.u1 }, "u1", "u1"), null);
});
