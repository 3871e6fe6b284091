/**
 * A ZIP file that stays where it is: its directory is read by a range or two, and then only the
 * entries that somebody looks at (PKWARE APPNOTE 6.3.10, §4.3; ZIP64 included).
 */

/** What a frame's extra field says: its number, and the time in seconds for which it was taken. */
export interface Stamp {
  number: number;
  timeS: number;
  width: number;
  height: number;
}

/** One file of the archive. `offset` is that of its local header, `end` where the next one begins. */
export interface Entry {
  name: string;
  method: number;
  crc32: number;
  packedBytes: number;
  sizeBytes: number;
  offset: number;
  end: number;
  stamp: Stamp | null;
}

/** Bytes `begin` (included) to `end` (not included) of the file. */
export type Read = (begin: number, end: number) => Promise<Uint8Array>;

export class ZipDamaged extends Error {
  readonly code = "zip-damaged";
  constructor(why: string) {
    super(`The archive cannot be read: ${why}.`);
  }
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LOCATOR64_BYTES = 20;
const END64_BYTES = 56;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const COMMENT_MOST = 0xffff;
const MAX16 = 0xffff;
const MAX32 = 0xffffffff;
/** Of frames.zip: 100,000 entries of some 130 bytes are 13 MB. */
const DIRECTORY_MOST_BYTES = 64 << 20;

const ZIP64_FIELD = 1;
/** shared/recipes/frames/pack.py: id "MF", version 1. */
const STAMP_FIELD = 0x464d;
const STAMP_BYTES = 41;
const STAMP_VERSION = 1;

interface End {
  count: number;
  size: number;
  offset: number;
}

/** All entries in the order of the directory. Rejects with ZipDamaged. */
export async function readDirectory(sizeBytes: number, read: Read): Promise<Entry[]> {
  const tailAt = Math.max(0, sizeBytes - END_BYTES - COMMENT_MOST - LOCATOR64_BYTES);
  const tail = await read(tailAt, sizeBytes);
  const end = await findEnd(tail, tailAt, read);
  if (end.size > DIRECTORY_MOST_BYTES) throw new ZipDamaged("its directory is too large");
  const stop = end.offset + end.size;
  if (stop > sizeBytes) throw new ZipDamaged("its directory lies behind its end");
  const bytes =
    end.offset >= tailAt
      ? tail.subarray(end.offset - tailAt, stop - tailAt)
      : await read(end.offset, stop);
  return parseDirectory(bytes, end);
}

async function findEnd(tail: Uint8Array, tailAt: number, read: Read): Promise<End> {
  const view = viewOf(tail);
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (view.getUint32(at, true) !== END) continue;
    if (at + END_BYTES + view.getUint16(at + 20, true) !== tail.length) continue;
    const told = {
      count: view.getUint16(at + 10, true),
      size: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
    };
    const far = told.count === MAX16 || told.size === MAX32 || told.offset === MAX32;
    const locator = at - LOCATOR64_BYTES;
    if (!far || locator < 0 || view.getUint32(locator, true) !== LOCATOR64) return told;
    const where = long(view, locator + 8);
    const there =
      where >= tailAt
        ? tail.subarray(where - tailAt, where - tailAt + END64_BYTES)
        : await read(where, where + END64_BYTES);
    return parseEnd64(there);
  }
  throw new ZipDamaged("it has no end");
}

function parseEnd64(bytes: Uint8Array): End {
  const view = viewOf(bytes);
  if (bytes.length < END64_BYTES || view.getUint32(0, true) !== END64)
    throw new ZipDamaged("it has no end");
  return { count: long(view, 32), size: long(view, 40), offset: long(view, 48) };
}

function parseDirectory(bytes: Uint8Array, end: End): Entry[] {
  const view = viewOf(bytes);
  const names = new TextDecoder();
  const entries: Entry[] = [];
  let at = 0;
  while (entries.length < end.count) {
    if (at + CENTRAL_BYTES > bytes.length || view.getUint32(at, true) !== CENTRAL)
      throw new ZipDamaged("its directory ends in the middle");
    const nameAt = at + CENTRAL_BYTES;
    const extraAt = nameAt + view.getUint16(at + 28, true);
    const commentAt = extraAt + view.getUint16(at + 30, true);
    const next = commentAt + view.getUint16(at + 32, true);
    if (next > bytes.length) throw new ZipDamaged("its directory ends in the middle");
    const entry: Entry = {
      name: names.decode(bytes.subarray(nameAt, extraAt)),
      method: view.getUint16(at + 10, true),
      crc32: view.getUint32(at + 16, true),
      packedBytes: view.getUint32(at + 20, true),
      sizeBytes: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
      end: end.offset,
      stamp: null,
    };
    readExtras(entry, view, extraAt, commentAt);
    entries.push(entry);
    at = next;
  }
  const byOffset = [...entries].sort((one, other) => one.offset - other.offset);
  byOffset.forEach((entry, n) => {
    entry.end = byOffset[n + 1]?.offset ?? end.offset;
    if (entry.end < entry.offset + LOCAL_BYTES + entry.packedBytes)
      throw new ZipDamaged(`${entry.name} lies over what follows it`);
  });
  return entries;
}

function readExtras(entry: Entry, view: DataView, from: number, to: number): void {
  let at = from;
  while (at + 4 <= to) {
    const kind = view.getUint16(at, true);
    const size = view.getUint16(at + 2, true);
    const data = at + 4;
    if (data + size > to) return;
    if (kind === ZIP64_FIELD) readZip64(entry, view, data, data + size);
    else if (kind === STAMP_FIELD && size === STAMP_BYTES) entry.stamp = readStamp(view, data);
    at = data + size;
  }
}

/** The field holds, in this order, only what was too large for the record itself. */
function readZip64(entry: Entry, view: DataView, from: number, to: number): void {
  let at = from;
  for (const name of ["sizeBytes", "packedBytes", "offset"] as const) {
    if (entry[name] !== MAX32 || at + 8 > to) continue;
    entry[name] = long(view, at);
    at += 8;
  }
}

function readStamp(view: DataView, at: number): Stamp | null {
  const denominator = view.getUint32(at + 29, true);
  if (view.getUint8(at) !== STAMP_VERSION || denominator === 0) return null;
  return {
    number: view.getUint32(at + 17, true) + 1,
    timeS: long(view, at + 21) / denominator,
    width: view.getUint32(at + 33, true),
    height: view.getUint32(at + 37, true),
  };
}

/** The content of `entry` out of the bytes from its header on. Rejects with ZipDamaged. */
export async function unpacked(entry: Entry, bytes: Uint8Array): Promise<Uint8Array> {
  const view = viewOf(bytes);
  if (bytes.length < LOCAL_BYTES || view.getUint32(0, true) !== LOCAL)
    throw new ZipDamaged(`${entry.name} is not where it should be`);
  const at = LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  const packed = bytes.subarray(at, at + entry.packedBytes);
  if (packed.length !== entry.packedBytes)
    throw new ZipDamaged(`${entry.name} ends in the middle`);
  if (entry.method === 0) return packed;
  if (entry.method !== 8) throw new ZipDamaged(`${entry.name} is packed in an unknown way`);
  const stream = new Blob([packed as BlobPart]).stream();
  const inflated = stream.pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}

/**
 * Which entries are read with one request: neighbours in the file go together until they are
 * `mostBytes`, so that a row of pictures costs one request and nothing is read twice.
 */
export function runs(entries: readonly Entry[], mostBytes: number): Entry[][] {
  const found: Entry[][] = [];
  for (const entry of [...entries].sort((one, other) => one.offset - other.offset)) {
    const run = found.at(-1);
    const first = run?.[0];
    const fits = first !== undefined && entry.end - first.offset <= mostBytes;
    if (run !== undefined && fits && run.at(-1)?.end === entry.offset) run.push(entry);
    else found.push([entry]);
  }
  return found;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function long(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
