/** Which file is for which input. Pure. */
import { bytes } from "../words.ts";
import type { Input } from "./recipes.ts";

export type Described = Pick<File, "name" | "type" | "size" | "lastModified">;

/** What browsers do not name by themselves, or name otherwise than the API. */
const BY_END: Readonly<Record<string, string>> = {
  avi: "video/x-msvideo",
  flac: "audio/flac",
  heic: "image/heic",
  heif: "image/heif",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  m4a: "audio/mp4",
  m4v: "video/mp4",
  mkv: "video/x-matroska",
  mov: "video/quicktime",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  mpg: "video/mpeg",
  mts: "video/mp2t",
  ogg: "audio/ogg",
  opus: "audio/ogg",
  png: "image/png",
  ts: "video/mp2t",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
};

/** A media type without parameters; "" when nobody can tell. */
export function typeOf({ name, type }: Described): string {
  const plain = (type.split(";")[0] ?? "").trim().toLowerCase();
  const end = name.includes(".") ? (name.split(".").pop() ?? "").toLowerCase() : "";
  return plain && plain !== "application/octet-stream" ? plain : (BY_END[end] ?? "");
}

export const kindOf = (file: Described): string => typeOf(file).split("/")[0] ?? "";

/** `for`: the input's name, such as picture2. */
export interface Placed<F> {
  for: string;
  file: F;
}

export interface Sorted<F> {
  placed: Placed<F>[];
  /** Further videos, where one makes a job: each becomes a job of its own. */
  further: F[];
  /** Why some cannot be taken. */
  wrong: string[];
}

/**
 * Put files where they fit, behind those that are there. Where the recipe takes one video alone,
 * several videos make several jobs.
 */
export function place<F extends Described>(
  inputs: readonly Input[], files: readonly F[], there: Pick<Sorted<F>, "placed" | "further"> = { placed: [], further: [] },
): Sorted<F> {
  const sorted: Sorted<F> = { placed: [...there.placed], further: [...there.further], wrong: [] };
  const alone = inputs.filter((one) => !one.optional).length === 1;
  for (const file of files) {
    // The same one once more is no second wish.
    if ([...sorted.placed.map((one) => one.file), ...sorted.further].some((one) => same(one, file))) continue;
    const input = inputs.find((one) => one.kinds.includes(kindOf(file)));
    if (!input) {
      sorted.wrong.push(`${file.name} is not ${takes(inputs)}.`);
      continue;
    }
    if (file.size === 0) {
      sorted.wrong.push(`${file.name} is empty.`);
      continue;
    }
    if (file.size > input.max_bytes) {
      sorted.wrong.push(`${file.name} has ${bytes(file.size)}; at most ${bytes(input.max_bytes)} are taken.`);
      continue;
    }
    const free = input.names.find((name) => !sorted.placed.some((one) => one.for === name));
    if (free) sorted.placed.push({ for: free, file });
    else if (alone && !input.optional && input.names.length === 1) sorted.further.push(file);
    else if (input.names.length > 1) sorted.wrong.push(`${file.name} is one too many: ${input.names.length} are taken.`);
    else sorted.placed = sorted.placed.map((one) => (one.for === input.name ? { for: input.name, file } : one));
  }
  return sorted;
}

/** Take a file away; a further one moves up into its place. */
export function without<F extends Described>(inputs: readonly Input[], there: Sorted<F>, file: F): Sorted<F> {
  const placed = there.placed.filter((one) => one.file !== file);
  return place(inputs, there.further.filter((one) => one !== file), { placed, further: [] });
}

/** What tells a file from others, as far as a browser lets one know. */
export const markOf = ({ name, size, lastModified }: Described): string => `${name} ${size} ${lastModified}`;

const same = (one: Described, other: Described): boolean => markOf(one) === markOf(other);

const NAMES: Readonly<Record<string, string>> = { video: "a video", audio: "a sound", image: "a picture", text: "a text" };

/** `a video or a sound`. */
export function takes(inputs: readonly Input[]): string {
  const kinds = [...new Set(inputs.flatMap((one) => one.kinds))].filter((kind) => kind !== "text");
  return kinds.map((kind) => NAMES[kind] ?? kind).join(" or ");
}

/** For a file chooser; browsers do not know all ends by their kind. */
export function accept(inputs: readonly Input[]): string {
  const kinds = [...new Set(inputs.flatMap((one) => one.kinds))].filter((kind) => kind !== "text");
  const ends = Object.entries(BY_END).filter(([, type]) => kinds.includes(type.split("/")[0] ?? ""));
  return [...kinds.map((kind) => `${kind}/*`), ...ends.map(([end]) => `.${end}`)].join(",");
}

/** Which inputs that have to be there are not. */
export function missing(inputs: readonly Input[], placed: readonly Placed<unknown>[]): Input[] {
  return inputs.filter((one) => !one.optional && !one.names.some((name) => placed.some((p) => p.for === name)));
}
