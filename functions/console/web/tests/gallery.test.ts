import assert from "node:assert/strict";
import { test } from "node:test";

import { grid } from "../src/frames/grid.ts";
import { ArchiveSource, ArchiveUnreachable } from "../src/frames/source.ts";
import type { Entry } from "../src/frames/zip.ts";

const CELLS = { count: 5000, shape: 9 / 16, captionPx: 24, gapPx: 12, leastPx: 160 };

test("of five thousand frames only those near the window are drawn", () => {
  const far = grid(CELLS, { widthPx: 1000, fromPx: 40_000, heightPx: 800 });
  assert.equal(far.columns, 5);
  assert.ok(far.last - far.first <= 60, `${far.last - far.first} cells`);
  assert.ok(far.abovePx <= 40_000 && far.abovePx > 40_000 - 4 * far.rowPx);
  assert.equal(far.first % far.columns, 0);
  const end = grid(CELLS, { widthPx: 1000, fromPx: far.totalPx - 800, heightPx: 800 });
  assert.equal(end.last, 5000);
});

test("a phone shows two columns, and what lies far away draws nothing", () => {
  assert.equal(grid(CELLS, { widthPx: 300, fromPx: 0, heightPx: 700 }).columns, 2);
  const above = grid(CELLS, { widthPx: 300, fromPx: -9000, heightPx: 700 });
  assert.ok(above.last - above.first <= 6);
  const none = grid({ ...CELLS, count: 0 }, { widthPx: 300, fromPx: 0, heightPx: 700 });
  assert.deepEqual([none.first, none.last, none.totalPx], [0, 0, 0]);
  const three = grid({ ...CELLS, count: 3 }, { widthPx: 1000, fromPx: 0, heightPx: 700 });
  assert.deepEqual([three.first, three.last], [0, 3]);
});

/** Entries one after the other, each with a header and ten bytes of its number. */
function stored(count: number, size = 10): { entries: Entry[]; file: Buffer } {
  const parts: Buffer[] = [];
  const entries = Array.from({ length: count }, (_, n) => {
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    parts.push(header, Buffer.alloc(size, n));
    const offset = n * (30 + size);
    return {
      name: `${n}.jpg`, method: 0, crc32: 0, packedBytes: size, size_bytes: size, offset,
      end: offset + 30 + size, stamp: null,
    };
  });
  return { entries, file: Buffer.concat(parts) };
}

/** A bucket that serves ranges of a file as long as the link is this one. */
function bucket(file: Buffer, good = (_url: string) => true) {
  const asked: string[] = [];
  let links = 0;
  const source = new ArchiveSource(
    async () => ({ url: `link-${++links}`, size_bytes: file.length }),
    () => "image/jpeg",
    async (url, init) => {
      const range = (init.headers as Record<string, string>).Range ?? "";
      asked.push(range);
      if (!good(url)) return new Response("", { status: 403 });
      const [begin = 0, end = 0] = range.slice(6).split("-").map(Number);
      return new Response(file.subarray(begin, end + 1), { status: 206 });
    },
  );
  return { source, asked, links: () => links };
}

const waiting = () => new AbortController().signal;

test("a row of pictures is one request, and each picture is its own", async () => {
  const { entries, file } = stored(8);
  const { source, asked } = bucket(file);
  const urls = await Promise.all(entries.slice(2, 6).map((one) => source.picture(one, waiting())));
  assert.deepEqual(asked, ["bytes=80-239"]);
  const third = await (await fetch(urls[1] as string)).arrayBuffer();
  assert.deepEqual(new Uint8Array(third), new Uint8Array(10).fill(3));
  assert.equal(await source.picture(entries[3] as Entry, waiting()), urls[1]);
  assert.equal(asked.length, 1);
  source.close();
});

test("what was scrolled away before its turn is never asked for", async () => {
  const { entries, file } = stored(8);
  const { source, asked } = bucket(file);
  const gone = new AbortController();
  void source.picture(entries[0] as Entry, gone.signal);
  gone.abort();
  await source.picture(entries[7] as Entry, waiting());
  assert.deepEqual(asked, ["bytes=280-319"]);
  source.close();
});

test("a link that has expired is replaced, and a bucket that is away is told", async () => {
  const { entries, file } = stored(2);
  const first = bucket(file, (url) => url !== "link-1");
  await first.source.picture(entries[0] as Entry, waiting());
  assert.equal(first.links(), 2);
  const away = bucket(file, () => false);
  await assert.rejects(away.source.picture(entries[0] as Entry, waiting()), ArchiveUnreachable);
  first.source.close();
});

test("pictures that were seen long ago are let go, and come again when they are wanted", async () => {
  const { entries, file } = stored(40, 2 << 20);
  const { source } = bucket(file);
  for (const one of entries) await source.picture(one, waiting());
  assert.equal(source.atHand(entries[0] as Entry), undefined);
  assert.ok(source.atHand(entries[39] as Entry));
  assert.ok(await source.picture(entries[0] as Entry, waiting()));
  source.close();
});
