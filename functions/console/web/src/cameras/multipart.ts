/** Pictures out of a `multipart/x-mixed-replace` body, as it arrives. Pure.
 *
 * A browser's own `<img>` shows such a body as well, but Chromium says nothing when it ends: the last
 * picture stands still, as if nothing moved before the camera.
 */
const MOST_BYTES = 8 << 20;
const LINE = [13, 10] as const;
const BLANK = [13, 10, 13, 10] as const;

/** The boundary that a Content-Type names; null when it is no multipart. */
export function boundaryOf(type: string): string | null {
  const [kind = "", ...parameters] = type.split(";");
  if (kind.trim().toLowerCase() !== "multipart/x-mixed-replace") return null;
  for (const one of parameters) {
    const [name = "", ...value] = one.split("=");
    if (name.trim().toLowerCase() === "boundary") return value.join("=").trim().replace(/^"(.*)"$/, "$1") || null;
  }
  return null;
}

export class Pictures {
  private kept = new Uint8Array(0);
  private readonly mark: Uint8Array;

  constructor(boundary: string) {
    this.mark = new TextEncoder().encode(`--${boundary}`);
  }

  /** The pictures that are complete with these bytes. Throws for what is no such body. */
  push(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
    this.kept = joined(this.kept, bytes);
    const found: Uint8Array<ArrayBuffer>[] = [];
    for (let one = this.take(); one; one = this.take()) found.push(one);
    if (this.kept.length > MOST_BYTES) throw new Error("This is no stream of pictures.");
    return found;
  }

  private take(): Uint8Array<ArrayBuffer> | null {
    const start = find(this.kept, this.mark, 0);
    if (start < 0) return null;
    const head = find(this.kept, BLANK, start);
    if (head < 0) return null;
    const from = head + BLANK.length;
    const until = this.end(from, new TextDecoder().decode(this.kept.subarray(start, head)));
    if (until < 0) return null;
    const picture = this.kept.slice(from, until);
    this.kept = this.kept.slice(until);
    return picture;
  }

  private end(from: number, head: string): number {
    const told = /^content-length:\s*(\d+)\s*$/im.exec(head)?.[1];
    if (told === undefined) return find(this.kept, [...LINE, ...this.mark], from);
    const until = from + Number(told);
    return until <= this.kept.length ? until : -1;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function find(where: Uint8Array, what: ArrayLike<number>, from: number): number {
  const first = what[0] ?? -1;
  for (let at = where.indexOf(first, from); at >= 0; at = where.indexOf(first, at + 1)) {
    let same = 1;
    while (same < what.length && where[at + same] === what[same]) same++;
    if (same === what.length) return at;
  }
  return -1;
}
