/**
 * Reads a remote ZIP file by range requests: first the central directory, then single entries (PKWARE APPNOTE
 * 6.3.10, §4.3, with ZIP64).
 */

/** The extra field of a frame: its number and its time in seconds. */
export interface FrameStamp {
  number: number;
  timeS: number;
  width: number;
  height: number;
}

/** One entry. `offset` is that of its local header, `end` the start of the next entry. */
export interface Entry {
  name: string;
  method: number;
  crc32: number;
  compressedBytes: number;
  sizeBytes: number;
  offset: number;
  end: number;
  stamp: FrameStamp | null;
}

/** Reads bytes `begin` (inclusive) to `end` (exclusive). */
export type RangeReader = (begin: number, end: number) => Promise<Uint8Array>;

export class ZipFormatError extends Error {
  readonly code = "zip-damaged";
  constructor(reason: string) {
    super(`The archive cannot be read: ${reason}.`);
  }
}

const END_SIGNATURE = 0x06054b50;
const END64_SIGNATURE = 0x06064b50;
const LOCATOR64_SIGNATURE = 0x07064b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const LOCATOR64_BYTES = 20;
const END64_BYTES = 56;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const MAX16 = 0xffff;
const MAX32 = 0xffffffff;
/** Limit for the directory; 100,000 frames of about 130 bytes each need 13 MB. */
const MAX_DIRECTORY_BYTES = 64 << 20;

const ZIP64_FIELD = 1;
/** shared/recipes/frames/pack.py: id "MF", version 1. */
const STAMP_FIELD = 0x464d;
const STAMP_BYTES = 41;
const STAMP_VERSION = 1;

interface EndRecord {
  count: number;
  size: number;
  offset: number;
}

/** Returns all entries in directory order. Rejects with ZipFormatError. */
export async function readDirectory(sizeBytes: number, read: RangeReader): Promise<Entry[]> {
  const tailAt = Math.max(0, sizeBytes - END_BYTES - MAX_COMMENT_BYTES - LOCATOR64_BYTES);
  const tail = await read(tailAt, sizeBytes);
  const end = await findEnd(tail, tailAt, read);
  if (end.size > MAX_DIRECTORY_BYTES) throw new ZipFormatError("its directory is too large");
  const directoryEnd = end.offset + end.size;
  if (directoryEnd > sizeBytes) throw new ZipFormatError("its directory lies behind its end");
  const bytes =
    end.offset >= tailAt
      ? tail.subarray(end.offset - tailAt, directoryEnd - tailAt)
      : await read(end.offset, directoryEnd);
  return parseDirectory(bytes, end);
}

async function findEnd(tail: Uint8Array, tailAt: number, read: RangeReader): Promise<EndRecord> {
  const view = viewOf(tail);
  for (let endAt = tail.length - END_BYTES; endAt >= 0; endAt--) {
    if (view.getUint32(endAt, true) !== END_SIGNATURE) continue;
    if (endAt + END_BYTES + view.getUint16(endAt + 20, true) !== tail.length) continue;
    const end = {
      count: view.getUint16(endAt + 10, true),
      size: view.getUint32(endAt + 12, true),
      offset: view.getUint32(endAt + 16, true),
    };
    const isZip64 = end.count === MAX16 || end.size === MAX32 || end.offset === MAX32;
    const locator = endAt - LOCATOR64_BYTES;
    if (!isZip64 || locator < 0 || view.getUint32(locator, true) !== LOCATOR64_SIGNATURE) return end;
    const end64At = readUint64(view, locator + 8);
    const end64 =
      end64At >= tailAt
        ? tail.subarray(end64At - tailAt, end64At - tailAt + END64_BYTES)
        : await read(end64At, end64At + END64_BYTES);
    return parseEnd64(end64);
  }
  throw new ZipFormatError("it has no end");
}

function parseEnd64(bytes: Uint8Array): EndRecord {
  const view = viewOf(bytes);
  if (bytes.length < END64_BYTES || view.getUint32(0, true) !== END64_SIGNATURE)
    throw new ZipFormatError("it has no end");
  return { count: readUint64(view, 32), size: readUint64(view, 40), offset: readUint64(view, 48) };
}

function parseDirectory(bytes: Uint8Array, end: EndRecord): Entry[] {
  const view = viewOf(bytes);
  const decoder = new TextDecoder();
  const entries: Entry[] = [];
  let recordAt = 0;
  while (entries.length < end.count) {
    if (recordAt + CENTRAL_BYTES > bytes.length || view.getUint32(recordAt, true) !== CENTRAL_SIGNATURE)
      throw new ZipFormatError("its directory ends in the middle");
    const nameAt = recordAt + CENTRAL_BYTES;
    const extraAt = nameAt + view.getUint16(recordAt + 28, true);
    const commentAt = extraAt + view.getUint16(recordAt + 30, true);
    const nextAt = commentAt + view.getUint16(recordAt + 32, true);
    if (nextAt > bytes.length) throw new ZipFormatError("its directory ends in the middle");
    const entry: Entry = {
      name: decoder.decode(bytes.subarray(nameAt, extraAt)),
      method: view.getUint16(recordAt + 10, true),
      crc32: view.getUint32(recordAt + 16, true),
      compressedBytes: view.getUint32(recordAt + 20, true),
      sizeBytes: view.getUint32(recordAt + 24, true),
      offset: view.getUint32(recordAt + 42, true),
      end: end.offset,
      stamp: null,
    };
    readExtras(entry, view, extraAt, commentAt);
    entries.push(entry);
    recordAt = nextAt;
  }
  const byOffset = [...entries].sort((a, b) => a.offset - b.offset);
  byOffset.forEach((entry, index) => {
    entry.end = byOffset[index + 1]?.offset ?? end.offset;
    if (entry.end < entry.offset + LOCAL_BYTES + entry.compressedBytes)
      throw new ZipFormatError(`${entry.name} lies over what follows it`);
  });
  return entries;
}

function readExtras(entry: Entry, view: DataView, start: number, end: number): void {
  let position = start;
  while (position + 4 <= end) {
    const kind = view.getUint16(position, true);
    const size = view.getUint16(position + 2, true);
    const data = position + 4;
    if (data + size > end) return;
    if (kind === ZIP64_FIELD) readZip64(entry, view, data, data + size);
    else if (kind === STAMP_FIELD && size === STAMP_BYTES) entry.stamp = readStamp(view, data);
    position = data + size;
  }
}

/** The field holds only the values that overflow the record, in this order. */
function readZip64(entry: Entry, view: DataView, start: number, end: number): void {
  let position = start;
  for (const name of ["sizeBytes", "compressedBytes", "offset"] as const) {
    if (entry[name] !== MAX32 || position + 8 > end) continue;
    entry[name] = readUint64(view, position);
    position += 8;
  }
}

function readStamp(view: DataView, start: number): FrameStamp | null {
  const denominator = view.getUint32(start + 29, true);
  if (view.getUint8(start) !== STAMP_VERSION || denominator === 0) return null;
  return {
    number: view.getUint32(start + 17, true) + 1,
    timeS: readUint64(view, start + 21) / denominator,
    width: view.getUint32(start + 33, true),
    height: view.getUint32(start + 37, true),
  };
}

/** Returns the content of `entry`; `bytes` starts at its local header. Rejects with ZipFormatError. */
export async function extractEntry(entry: Entry, bytes: Uint8Array): Promise<Uint8Array> {
  const view = viewOf(bytes);
  if (bytes.length < LOCAL_BYTES || view.getUint32(0, true) !== LOCAL_SIGNATURE)
    throw new ZipFormatError(`${entry.name} is not where it should be`);
  const dataAt = LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  const compressed = bytes.subarray(dataAt, dataAt + entry.compressedBytes);
  if (compressed.length !== entry.compressedBytes)
    throw new ZipFormatError(`${entry.name} ends in the middle`);
  if (entry.method === 0) return compressed;
  if (entry.method !== 8) throw new ZipFormatError(`${entry.name} is packed in an unknown way`);
  const stream = new Blob([compressed as BlobPart]).stream();
  const inflated = stream.pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}

/**
 * Groups adjacent entries of at most `maxBytes` together: a row of pictures takes one request, and nothing is
 * read twice.
 */
export function groupAdjacent(entries: readonly Entry[], maxBytes: number): Entry[][] {
  const groups: Entry[][] = [];
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    const last = groups.at(-1);
    const first = last?.[0];
    const withinLimit = first !== undefined && entry.end - first.offset <= maxBytes;
    if (last !== undefined && withinLimit && last.at(-1)?.end === entry.offset) last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readUint64(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}
