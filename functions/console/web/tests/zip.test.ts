import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";

import { type Read, ZipDamaged, readDirectory, runs, unpacked } from "../src/frames/zip.ts";

interface Given {
  name: string;
  data: Buffer;
  deflated?: boolean;
  stamp?: { number: number; time: [number, number]; width: number; height: number };
}

/** A ZIP as the frames' join writes it; `far` says every offset and the end by ZIP64. */
function archive(files: Given[], { far = false, comment = "" } = {}): Buffer {
  const parts: Buffer[] = [];
  const records: Buffer[] = [];
  let at = 0;
  for (const { name, data, deflated, stamp } of files) {
    const packed = deflated ? deflateRawSync(data) : data;
    const own = stamp ? stampField(stamp) : Buffer.alloc(0);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(own.length, 28);
    parts.push(local, Buffer.from(name), own, packed);
    const zip64 = Buffer.alloc(far ? 12 : 0);
    if (far) {
      zip64.writeUInt16LE(1, 0);
      zip64.writeUInt16LE(8, 2);
      zip64.writeBigUInt64LE(BigInt(at), 4);
    }
    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(deflated ? 8 : 0, 10);
    record.writeUInt32LE(packed.length, 20);
    record.writeUInt32LE(data.length, 24);
    record.writeUInt16LE(name.length, 28);
    record.writeUInt16LE(own.length + zip64.length, 30);
    record.writeUInt32LE(far ? 0xffffffff : at, 42);
    records.push(record, Buffer.from(name), own, zip64);
    at += 30 + name.length + own.length + packed.length;
  }
  const directory = Buffer.concat(records);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(far ? 0xffff : files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(far ? 0xffffffff : at, 16);
  end.writeUInt16LE(comment.length, 20);
  const end64 = Buffer.alloc(far ? 76 : 0);
  if (far) {
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(BigInt(files.length), 32);
    end64.writeBigUInt64LE(BigInt(directory.length), 40);
    end64.writeBigUInt64LE(BigInt(at), 48);
    end64.writeUInt32LE(0x07064b50, 56);
    end64.writeBigUInt64LE(BigInt(at + directory.length), 64);
  }
  return Buffer.concat([...parts, directory, end64, end, Buffer.from(comment)]);
}

function stampField({ number, time, width, height }: NonNullable<Given["stamp"]>): Buffer {
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

/** Counts what is read of a file. */
function reader(file: Buffer): { read: Read; asked: [number, number][] } {
  const asked: [number, number][] = [];
  const read: Read = async (begin, end) => {
    asked.push([begin, end]);
    return file.subarray(begin, end);
  };
  return { read, asked };
}

const FRAMES: Given[] = [1, 2, 3].map((number) => ({
  name: `frame_00000${number}.jpg`,
  data: Buffer.alloc(100_000, number),
  stamp: { number, time: [number, 3], width: 1280, height: 720 },
}));

test("a frame is read out of an archive without the rest of it", async () => {
  const file = archive(FRAMES);
  const { read, asked } = reader(file);
  const entries = await readDirectory(file.length, read);

  assert.deepEqual(entries.map((one) => one.name), FRAMES.map((one) => one.name));
  assert.deepEqual(entries[1]?.stamp, { number: 2, timeS: 2 / 3, width: 1280, height: 720 });
  const second = entries[1] as (typeof entries)[number];
  const content = await unpacked(second, await read(second.offset, second.end));
  assert.deepEqual(Buffer.from(content), FRAMES[1]?.data);
  const bytes = asked.reduce((sum, [begin, end]) => sum + end - begin, 0);
  assert.ok(bytes < 170_000, `${bytes} bytes were read`);
});

test("offsets above four gigabytes are found where ZIP64 says them", async () => {
  const file = archive(FRAMES, { far: true });
  const { read } = reader(file);
  const entries = await readDirectory(file.length, read);

  assert.equal(entries.length, 3);
  assert.equal(entries[2]?.offset, entries[1]?.end);
  const content = await unpacked(
    entries[2] as (typeof entries)[number],
    await read(entries[2]?.offset as number, entries[2]?.end as number),
  );
  assert.equal(content[0], 3);
});

test("a comment that looks like an end hides nothing", async () => {
  const comment = `see PK\u0005\u0006 ${"x".repeat(300)}`;
  const file = archive(FRAMES, { comment });
  assert.equal((await readDirectory(file.length, reader(file).read)).length, 3);
});

test("what somebody else deflated is inflated", async () => {
  const data = Buffer.from("again and again and again");
  const file = archive([{ name: "a.txt", data, deflated: true }]);
  const [entry] = await readDirectory(file.length, reader(file).read);
  assert.ok(entry);
  const content = await unpacked(entry, file.subarray(entry.offset, entry.end));
  assert.deepEqual(Buffer.from(content), data);
});

test("an empty archive has no entries", async () => {
  const file = archive([]);
  assert.deepEqual(await readDirectory(file.length, reader(file).read), []);
});

test("damaged archives are told as damaged, whatever was cut off or changed", async () => {
  const file = archive(FRAMES);
  const cut = file.subarray(0, file.length - 30);
  await assert.rejects(readDirectory(cut.length, reader(cut).read), ZipDamaged);
  const text = Buffer.from("<html>This is no archive, it is a page.</html>");
  await assert.rejects(readDirectory(text.length, reader(text).read), ZipDamaged);
  const wild = Buffer.from(file);
  wild.writeUInt32LE(0xfffffff0, wild.length - 6);
  await assert.rejects(readDirectory(wild.length, reader(wild).read), ZipDamaged);
  const [first] = await readDirectory(file.length, reader(file).read);
  assert.ok(first);
  await assert.rejects(unpacked(first, file.subarray(5, 200)), ZipDamaged);
  await assert.rejects(unpacked(first, file.subarray(0, 500)), ZipDamaged);
});

test("neighbours are read with one request, up to a size", async () => {
  const file = archive(FRAMES);
  const entries = await readDirectory(file.length, reader(file).read);
  const names = (groups: (typeof entries)[]) => groups.map((run) => run.map((one) => one.stamp?.number));

  assert.deepEqual(names(runs([...entries].reverse(), 1 << 20)), [[1, 2, 3]]);
  assert.deepEqual(names(runs(entries, 210_000)), [[1, 2], [3]]);
  assert.deepEqual(names(runs(entries.filter((_, n) => n !== 1), 1 << 20)), [[1], [3]]);
  assert.deepEqual(runs([], 1), []);
});
