/** Which file is for which input. Pure. */
import { formatBytes } from "../format.ts";
import type { Input } from "./recipes.ts";

export type FileInfo = Pick<File, "name" | "type" | "size" | "lastModified">;

/** What browsers do not name by themselves, or name otherwise than the API. */
const TYPE_BY_EXTENSION: Readonly<Record<string, string>> = {
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
export function typeOf({ name, type }: FileInfo): string {
  const declared = (type.split(";")[0] ?? "").trim().toLowerCase();
  const extension = name.includes(".") ? (name.split(".").pop() ?? "").toLowerCase() : "";
  return declared && declared !== "application/octet-stream" ? declared : (TYPE_BY_EXTENSION[extension] ?? "");
}

export const kindOf = (file: FileInfo): string => typeOf(file).split("/")[0] ?? "";

/** `for`: the input's name, such as picture2. */
export interface AssignedFile<F> {
  input: string;
  file: F;
}

export interface AssignedFiles<F> {
  assigned: AssignedFile<F>[];
  /** Further videos, where one makes a job: each becomes a job of its own. */
  extra: F[];
  /** Why some cannot be taken. */
  errors: string[];
}

/**
 * Put files where they fit, behind those that are there. Where the recipe takes one video alone,
 * several videos make several jobs.
 */
export function assignFiles<F extends FileInfo>(
  inputs: readonly Input[], files: readonly F[], current: Pick<AssignedFiles<F>, "assigned" | "extra"> = { assigned: [], extra: [] },
): AssignedFiles<F> {
  const result: AssignedFiles<F> = { assigned: [...current.assigned], extra: [...current.extra], errors: [] };
  const singleInput = inputs.filter((input) => !input.optional).length === 1;
  for (const file of files) {
    // The same one once more is no second wish.
    if ([...result.assigned.map((entry) => entry.file), ...result.extra].some((other) => isSameFile(other, file))) continue;
    const input = inputs.find((input) => input.kinds.includes(kindOf(file)));
    if (!input) {
      result.errors.push(`${file.name} is not ${acceptedKinds(inputs)}.`);
      continue;
    }
    if (file.size === 0) {
      result.errors.push(`${file.name} is empty.`);
      continue;
    }
    if (file.size > input.max_bytes) {
      result.errors.push(`${file.name} has ${formatBytes(file.size)}; at most ${formatBytes(input.max_bytes)} are taken.`);
      continue;
    }
    const freeName = input.names.find((name) => !result.assigned.some((entry) => entry.input === name));
    if (freeName) result.assigned.push({ input: freeName, file });
    else if (singleInput && !input.optional && input.names.length === 1) result.extra.push(file);
    else if (input.names.length > 1) result.errors.push(`${file.name} is one too many: ${input.names.length} are taken.`);
    else result.assigned = result.assigned.map((entry) => (entry.input === input.name ? { input: input.name, file } : entry));
  }
  return result;
}

/** Take a file away; a further one moves up into its place. */
export function removeFile<F extends FileInfo>(inputs: readonly Input[], current: AssignedFiles<F>, file: F): AssignedFiles<F> {
  const assigned = current.assigned.filter((entry) => entry.file !== file);
  return assignFiles(inputs, current.extra.filter((b) => b !== file), { assigned, extra: [] });
}

/** What tells a file from others, as far as a browser lets one know. */
export const fileKey = ({ name, size, lastModified }: FileInfo): string => `${name} ${size} ${lastModified}`;

const isSameFile = (a: FileInfo, b: FileInfo): boolean => fileKey(a) === fileKey(b);

const KIND_NAMES: Readonly<Record<string, string>> = { video: "a video", audio: "a sound", image: "a picture", text: "a text" };

/** `a video or a sound`. */
export function acceptedKinds(inputs: readonly Input[]): string {
  const kinds = [...new Set(inputs.flatMap((input) => input.kinds))].filter((kind) => kind !== "text");
  return kinds.map((kind) => KIND_NAMES[kind] ?? kind).join(" or ");
}

/** For a file chooser; browsers do not know all ends by their kind. */
export function acceptAttribute(inputs: readonly Input[]): string {
  const kinds = [...new Set(inputs.flatMap((input) => input.kinds))].filter((kind) => kind !== "text");
  const extensions = Object.entries(TYPE_BY_EXTENSION).filter(([, type]) => kinds.includes(type.split("/")[0] ?? ""));
  return [...kinds.map((kind) => `${kind}/*`), ...extensions.map(([extension]) => `.${extension}`)].join(",");
}

/** Which inputs that have to be there are not. */
export function missingInputs(inputs: readonly Input[], assigned: readonly AssignedFile<unknown>[]): Input[] {
  return inputs.filter((input) => !input.optional && !input.names.some((name) => assigned.some((file) => file.input === name)));
}
