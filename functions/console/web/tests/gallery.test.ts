import assert from "node:assert/strict";
import { test } from "node:test";

import { layoutGrid } from "../src/frames/grid.ts";
import { ArchiveFetchError, ArchiveReader } from "../src/frames/archive-reader.ts";
import type { Entry } from "../src/frames/zip.ts";

const CELLS = { count: 5000, aspect: 9 / 16, captionPx: 24, gapPx: 12, minCellPx: 160 };

test("of five thousand frames only those near the viewport are rendered", () => {
  const scrolled = layoutGrid(CELLS, { widthPx: 1000, topPx: 40_000, heightPx: 800 });
  assert.equal(scrolled.columns, 5);
  assert.ok(scrolled.last - scrolled.first <= 60, `${scrolled.last - scrolled.first} cells`);
  assert.ok(scrolled.abovePx <= 40_000 && scrolled.abovePx > 40_000 - 4 * scrolled.rowPx);
  assert.equal(scrolled.first % scrolled.columns, 0);
  const end = layoutGrid(CELLS, { widthPx: 1000, topPx: scrolled.totalPx - 800, heightPx: 800 });
  assert.equal(end.last, 5000);
});

test("a small screen shows two columns, and rows out of view are not rendered", () => {
  assert.equal(layoutGrid(CELLS, { widthPx: 300, topPx: 0, heightPx: 700 }).columns, 2);
  const above = layoutGrid(CELLS, { widthPx: 300, topPx: -9000, heightPx: 700 });
  assert.ok(above.last - above.first <= 6);
  const none = layoutGrid({ ...CELLS, count: 0 }, { widthPx: 300, topPx: 0, heightPx: 700 });
  assert.deepEqual([none.first, none.last, none.totalPx], [0, 0, 0]);
  const three = layoutGrid({ ...CELLS, count: 3 }, { widthPx: 1000, topPx: 0, heightPx: 700 });
  assert.deepEqual([three.first, three.last], [0, 3]);
});

/** Stored entries, each with a local header and ten bytes of its index. */
function storedArchive(count: number, size = 10): { entries: Entry[]; file: Buffer } {
  const parts: Buffer[] = [];
  const entries = Array.from({ length: count }, (_, n) => {
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    parts.push(header, Buffer.alloc(size, n));
    const offset = n * (30 + size);
    return {
      name: `${n}.jpg`, method: 0, crc32: 0, compressedBytes: size, size_bytes: size, offset,
      end: offset + 30 + size, stamp: null,
    };
  });
  return { entries, file: Buffer.concat(parts) };
}

/** A bucket that serves ranges as long as the link is valid. */
function bucket(file: Buffer, linkIsValid = (_url: string) => true) {
  const ranges: string[] = [];
  let links = 0;
  const source = new ArchiveReader(
    async () => ({ url: `link-${++links}`, size_bytes: file.length }),
    () => "image/jpeg",
    async (url, init) => {
      const range = (init.headers as Record<string, string>).Range ?? "";
      ranges.push(range);
      if (!linkIsValid(url)) return new Response("", { status: 403 });
      const [begin = 0, end = 0] = range.slice(6).split("-").map(Number);
      return new Response(file.subarray(begin, end + 1), { status: 206 });
    },
  );
  return { source, ranges, links: () => links };
}

const neverAborted = () => new AbortController().signal;

test("a row of pictures takes one request, and each URL has its own picture", async () => {
  const { entries, file } = storedArchive(8);
  const { source, ranges } = bucket(file);
  const urls = await Promise.all(entries.slice(2, 6).map((entry) => source.getPicture(entry, neverAborted())));
  assert.deepEqual(ranges, ["bytes=80-239"]);
  const third = await (await fetch(urls[1] as string)).arrayBuffer();
  assert.deepEqual(new Uint8Array(third), new Uint8Array(10).fill(3));
  assert.equal(await source.getPicture(entries[3] as Entry, neverAborted()), urls[1]);
  assert.equal(ranges.length, 1);
  source.close();
});

test("a request that is aborted before it starts is never sent", async () => {
  const { entries, file } = storedArchive(8);
  const { source, ranges } = bucket(file);
  const aborted = new AbortController();
  void source.getPicture(entries[0] as Entry, aborted.signal);
  aborted.abort();
  await source.getPicture(entries[7] as Entry, neverAborted());
  assert.deepEqual(ranges, ["bytes=280-319"]);
  source.close();
});

test("an expired link is renewed, and an unreachable bucket is an error", async () => {
  const { entries, file } = storedArchive(2);
  const expired = bucket(file, (url) => url !== "link-1");
  await expired.source.getPicture(entries[0] as Entry, neverAborted());
  assert.equal(expired.links(), 2);
  const unreachable = bucket(file, () => false);
  await assert.rejects(unreachable.source.getPicture(entries[0] as Entry, neverAborted()), ArchiveFetchError);
  expired.source.close();
});

test("the cache evicts the least recently used pictures and reads them again on demand", async () => {
  const { entries, file } = storedArchive(40, 2 << 20);
  const { source } = bucket(file);
  for (const entry of entries) await source.getPicture(entry, neverAborted());
  assert.equal(source.cachedUrl(entries[0] as Entry), undefined);
  assert.ok(source.cachedUrl(entries[39] as Entry));
  assert.ok(await source.getPicture(entries[0] as Entry, neverAborted()));
  source.close();
});
