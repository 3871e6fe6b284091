/**
 * Streaming parser for `multipart/x-mixed-replace` bodies. No DOM.
 *
 * A browser's `<img>` shows such a body too, but Chromium fires no event when the stream ends: the last picture
 * stays.
 */
const MAX_BUFFER_BYTES = 8 << 20;
const CRLF = [13, 10] as const;
const HEADER_END = [13, 10, 13, 10] as const;

/** Returns the boundary of a Content-Type, or null if it is not multipart/x-mixed-replace. */
export function boundaryOf(type: string): string | null {
  const [kind = "", ...parameters] = type.split(";");
  if (kind.trim().toLowerCase() !== "multipart/x-mixed-replace") return null;
  for (const parameter of parameters) {
    const [name = "", ...value] = parameter.split("=");
    if (name.trim().toLowerCase() === "boundary") return value.join("=").trim().replace(/^"(.*)"$/, "$1") || null;
  }
  return null;
}

export class MultipartParser {
  private buffer = new Uint8Array(0);
  private readonly delimiter: Uint8Array;

  constructor(boundary: string) {
    this.delimiter = new TextEncoder().encode(`--${boundary}`);
  }

  /** Appends bytes and returns the pictures that they complete. Throws when the buffer exceeds its limit. */
  push(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
    this.buffer = concat(this.buffer, bytes);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (let part = this.takePart(); part; part = this.takePart()) parts.push(part);
    if (this.buffer.length > MAX_BUFFER_BYTES) throw new Error("This is no stream of pictures.");
    return parts;
  }

  private takePart(): Uint8Array<ArrayBuffer> | null {
    const delimiterAt = indexOfBytes(this.buffer, this.delimiter, 0);
    if (delimiterAt < 0) return null;
    const headerEnd = indexOfBytes(this.buffer, HEADER_END, delimiterAt);
    if (headerEnd < 0) return null;
    const bodyStart = headerEnd + HEADER_END.length;
    const bodyEnd = this.partEnd(bodyStart, new TextDecoder().decode(this.buffer.subarray(delimiterAt, headerEnd)));
    if (bodyEnd < 0) return null;
    const picture = this.buffer.slice(bodyStart, bodyEnd);
    this.buffer = this.buffer.slice(bodyEnd);
    return picture;
  }

  private partEnd(start: number, headers: string): number {
    const contentLength = /^content-length:\s*(\d+)\s*$/im.exec(headers)?.[1];
    if (contentLength === undefined) return indexOfBytes(this.buffer, [...CRLF, ...this.delimiter], start);
    const end = start + Number(contentLength);
    return end <= this.buffer.length ? end : -1;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function indexOfBytes(haystack: Uint8Array, needle: ArrayLike<number>, start: number): number {
  const first = needle[0] ?? -1;
  for (let index = haystack.indexOf(first, start); index >= 0; index = haystack.indexOf(first, index + 1)) {
    let matched = 1;
    while (matched < needle.length && haystack[index + matched] === needle[matched]) matched++;
    if (matched === needle.length) return index;
  }
  return -1;
}
