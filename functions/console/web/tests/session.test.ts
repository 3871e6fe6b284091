import assert from "node:assert/strict";
import { test } from "node:test";

import { draftKey } from "../src/deck/stored-draft.ts";
import { editsKey } from "../src/transcript/stored-edits.ts";

/** What the modules use of a browser, with a localStorage and the listeners of `window`. */
const items = new Map<string, string>();
const listeners = new Map<string, (event: object) => void>();
const settings = { api: "", downloads: "", firebase: { apiKey: "k", projectId: "p", authDomain: "d" }, emulators: null };
const localStorage = {
  get length() { return items.size; },
  key: (index: number) => [...items.keys()][index] ?? null,
  getItem: (key: string) => items.get(key) ?? null,
  setItem: (key: string, value: string) => void items.set(key, value),
  removeItem: (key: string) => void items.delete(key),
};
const globals = {
  localStorage,
  document: { getElementById: () => ({ textContent: JSON.stringify(settings) }) },
  navigator: { locks: { query: async () => ({ held: [] }) } },
  addEventListener: (type: string, listener: (event: object) => void) => void listeners.set(type, listener),
};
for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value });

const { session, sessionExpired, getIdToken } = await import("../src/session.ts");
const { uploads } = await import("../src/upload/uploads.ts");
// From here on Firebase reports no change by itself.
await getIdToken();

const ANN = { uid: "ann", email: "ann@example.org", name: "" };
const BOB = { uid: "bob", email: "bob@example.org", name: "" };
const upload = { job: "j", input: "video", title: "", filename: "a.mp4", type: "", size: 9, modified: 0, session: "https://s", text: "" };

test("the next user of a browser finds no work of the last one, who may sign in again", () => {
  const uploadsOf = (user: { uid: string }) => `moodreel.uploads.${user.uid}`;
  const stored = { savedAt: Date.now(), uploads: [upload] };
  const ofAnn = [draftKey("ann", "j", 3), editsKey("ann", "j", 1), uploadsOf(ANN)];
  const others = [draftKey("anna", "j", 3), editsKey("bob", "j", 1), uploadsOf(BOB), draftKey("", "j", 3)];
  for (const key of [...ofAnn, ...others, "moodreel.receipts"]) items.set(key, JSON.stringify(stored));

  session.set(ANN);
  sessionExpired.set(true);
  assert.deepEqual([...items.keys()].filter((key) => ofAnn.includes(key)), ofAnn);
  assert.deepEqual([...items.keys()].filter((key) => others.includes(key)), []);
  assert.deepEqual(uploads.get().map((row) => row.filename), ["a.mp4"]);

  session.set(BOB);
  assert.deepEqual([...items.keys()].filter((key) => ofAnn.includes(key)), []);
  assert.ok(items.has("moodreel.receipts"));
  assert.deepEqual(uploads.get(), []);
});

test("a sign-out in another tab ends an expired session in this one", () => {
  const emit = (key: string | null, newValue: string | null) => listeners.get("storage")?.({ key, newValue });
  session.set(ANN);
  sessionExpired.set(true);

  for (const [key, value] of [["moodreel.signed-out", "bob"], ["moodreel.signed-out", ""], ["moodreel.other", "ann"], [null, null]] as const) {
    emit(key, value);
    assert.deepEqual([session.get(), sessionExpired.get()], [ANN, true]);
  }
  emit("moodreel.signed-out", "ann");
  assert.deepEqual([session.get(), sessionExpired.get()], ["signed-out", false]);
});
