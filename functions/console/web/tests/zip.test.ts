import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";

import { type RangeReader, ZipFormatError, extractEntry, groupAdjacent, readDirectory } from "../src/frames/zip.ts";

interface ArchiveFile {
  name: string;
  data: Buffer;
  deflated?: boolean;
  stamp?: { number: number; time: [number, number]; width: number; height: number };
}

/** A ZIP as frame_extraction writes it; `zip64` stores offsets and the end record in ZIP64 fields. */
function archive(files: ArchiveFile[], { zip64 = false, comment = "" } = {}): Buffer {
  const parts: Buffer[] = [];
  const records: Buffer[] = [];
  let offset = 0;
  for (const { name, data, deflated, stamp } of files) {
    const packed = deflated ? deflateRawSync(data) : data;
    const extra = stamp ? stampField(stamp) : Buffer.alloc(0);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(extra.length, 28);
    parts.push(local, Buffer.from(name), extra, packed);
    const zip64Field = Buffer.alloc(zip64 ? 12 : 0);
    if (zip64) {
      zip64Field.writeUInt16LE(1, 0);
      zip64Field.writeUInt16LE(8, 2);
      zip64Field.writeBigUInt64LE(BigInt(offset), 4);
    }
    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(deflated ? 8 : 0, 10);
    record.writeUInt32LE(packed.length, 20);
    record.writeUInt32LE(data.length, 24);
    record.writeUInt16LE(name.length, 28);
    record.writeUInt16LE(extra.length + zip64Field.length, 30);
    record.writeUInt32LE(zip64 ? 0xffffffff : offset, 42);
    records.push(record, Buffer.from(name), extra, zip64Field);
    offset += 30 + name.length + extra.length + packed.length;
  }
  const directory = Buffer.concat(records);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(zip64 ? 0xffff : files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 16);
  end.writeUInt16LE(comment.length, 20);
  const end64 = Buffer.alloc(zip64 ? 76 : 0);
  if (zip64) {
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(BigInt(files.length), 32);
    end64.writeBigUInt64LE(BigInt(directory.length), 40);
    end64.writeBigUInt64LE(BigInt(offset), 48);
    end64.writeUInt32LE(0x07064b50, 56);
    end64.writeBigUInt64LE(BigInt(offset + directory.length), 64);
  }
  return Buffer.concat([...parts, directory, end64, end, Buffer.from(comment)]);
}

function stampField({ number, time, width, height }: NonNullable<ArchiveFile["stamp"]>): Buffer {
  const field = Buffer.alloc(45);
  field.writeUInt16LE(0x464d, 0);
  field.writeUInt16LE(41, 2);
  field.writeUInt8(1, 4);
  field.writeUInt32LE(number - 1, 21);
  field.writeBigUInt64LE(BigInt(time[0]), 25);
  field.writeUInt32LE(time[1], 33);
  field.writeUInt32LE(width, 37);
  field.writeUInt32LE(height, 41);
  return field;
}

/** Records the ranges that are read. */
function reader(file: Buffer): { read: RangeReader; ranges: [number, number][] } {
  const ranges: [number, number][] = [];
  const read: RangeReader = async (begin, end) => {
    ranges.push([begin, end]);
    return file.subarray(begin, end);
  };
  return { read, ranges };
}

const FRAMES: ArchiveFile[] = [1, 2, 3].map((number) => ({
  name: `frame_00000${number}.jpg`,
  data: Buffer.alloc(100_000, number),
  stamp: { number, time: [number, 3], width: 1280, height: 720 },
}));

test("a frame is read without the rest of the archive", async () => {
  const file = archive(FRAMES);
  const { read, ranges } = reader(file);
  const entries = await readDirectory(file.length, read);

  assert.deepEqual(entries.map((entry) => entry.name), FRAMES.map((file) => file.name));
  assert.deepEqual(entries[1]?.stamp, { number: 2, timeS: 2 / 3, width: 1280, height: 720 });
  const second = entries[1] as (typeof entries)[number];
  const content = await extractEntry(second, await read(second.offset, second.end));
  assert.deepEqual(Buffer.from(content), FRAMES[1]?.data);
  const bytes = ranges.reduce((sum, [begin, end]) => sum + end - begin, 0);
  assert.ok(bytes < 170_000, `${bytes} bytes were read`);
});

test("offsets above four gigabytes are read from ZIP64 fields", async () => {
  const file = archive(FRAMES, { zip64: true });
  const { read } = reader(file);
  const entries = await readDirectory(file.length, read);

  assert.equal(entries.length, 3);
  assert.equal(entries[2]?.offset, entries[1]?.end);
  const content = await extractEntry(
    entries[2] as (typeof entries)[number],
    await read(entries[2]?.offset as number, entries[2]?.end as number),
  );
  assert.equal(content[0], 3);
});

test("a comment that contains an end signature does not hide the end record", async () => {
  const comment = `see PK\u0005\u0006 ${"x".repeat(300)}`;
  const file = archive(FRAMES, { comment });
  assert.equal((await readDirectory(file.length, reader(file).read)).length, 3);
});

test("deflated entries are inflated", async () => {
  const data = Buffer.from("again and again and again");
  const file = archive([{ name: "a.txt", data, deflated: true }]);
  const [entry] = await readDirectory(file.length, reader(file).read);
  assert.ok(entry);
  const content = await extractEntry(entry, file.subarray(entry.offset, entry.end));
  assert.deepEqual(Buffer.from(content), data);
});

test("an empty archive has no entries", async () => {
  const file = archive([]);
  assert.deepEqual(await readDirectory(file.length, reader(file).read), []);
});

test("truncated and corrupted archives are format errors", async () => {
  const file = archive(FRAMES);
  const truncated = file.subarray(0, file.length - 30);
  await assert.rejects(readDirectory(truncated.length, reader(truncated).read), ZipFormatError);
  const text = Buffer.from("<html>This is no archive, it is a page.</html>");
  await assert.rejects(readDirectory(text.length, reader(text).read), ZipFormatError);
  const corrupted = Buffer.from(file);
  corrupted.writeUInt32LE(0xfffffff0, corrupted.length - 6);
  await assert.rejects(readDirectory(corrupted.length, reader(corrupted).read), ZipFormatError);
  const [first] = await readDirectory(file.length, reader(file).read);
  assert.ok(first);
  await assert.rejects(extractEntry(first, file.subarray(5, 200)), ZipFormatError);
  await assert.rejects(extractEntry(first, file.subarray(0, 500)), ZipFormatError);
});

test("adjacent entries share one request, up to a size", async () => {
  const file = archive(FRAMES);
  const entries = await readDirectory(file.length, reader(file).read);
  const names = (groups: (typeof entries)[]) => groups.map((run) => run.map((entry) => entry.stamp?.number));

  assert.deepEqual(names(groupAdjacent([...entries].reverse(), 1 << 20)), [[1, 2, 3]]);
  assert.deepEqual(names(groupAdjacent(entries, 210_000)), [[1, 2], [3]]);
  assert.deepEqual(names(groupAdjacent(entries.filter((_, n) => n !== 1), 1 << 20)), [[1], [3]]);
  assert.deepEqual(groupAdjacent([], 1), []);
});
