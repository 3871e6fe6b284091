/** Assigns files to the inputs of a recipe. No DOM. */
import type { InputKind } from "../contract.ts";
import { formatBytes } from "../format.ts";
import { findLabel } from "../labels.ts";
import type { Input } from "./recipes.ts";

export type FileInfo = Pick<File, "name" | "type" | "size" | "lastModified">;

/** Types that browsers do not know, or name differently than the API. */
const TYPE_BY_EXTENSION: Readonly<Record<string, string>> = {
  "3gp": "video/3gpp",
  aac: "audio/aac",
  ac3: "audio/ac3",
  aif: "audio/aiff",
  aiff: "audio/aiff",
  amr: "audio/amr",
  avi: "video/x-msvideo",
  caf: "audio/x-caf",
  flac: "audio/flac",
  flv: "video/x-flv",
  gif: "image/gif",
  heic: "image/heic",
  heif: "image/heif",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  m2t: "video/mp2t",
  m2ts: "video/mp2t",
  m4a: "audio/mp4",
  m4b: "audio/mp4",
  m4v: "video/mp4",
  mka: "audio/x-matroska",
  mkv: "video/x-matroska",
  mod: "video/mpeg",
  mov: "video/quicktime",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  mpeg: "video/mpeg",
  mpg: "video/mpeg",
  mts: "video/mp2t",
  ogg: "audio/ogg",
  opus: "audio/ogg",
  png: "image/png",
  ts: "video/mp2t",
  vob: "video/mpeg",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
  wma: "audio/x-ms-wma",
};

const UNKNOWN_TYPE = "application/octet-stream";
/** Extensions of videos that systems take for sounds, texts or models. */
const MISNAMED: readonly string[] = ["m2t", "mod", "mts", "ts", "vob"];
/** What a file of a kind can be used as too: an animated picture or the file of a sound as a video, a film as a sound. */
const OTHER_KINDS: Readonly<Record<string, string>> = { audio: "video", image: "video", video: "audio" };

/** Media type without parameters. It is a hint: the API decides by the bytes. */
export function typeOf({ name, type }: FileInfo): string {
  const declared = (type.split(";")[0] ?? "").trim().toLowerCase();
  const extension = name.includes(".") ? (name.split(".").pop() ?? "").toLowerCase() : "";
  const isKnown = declared && declared !== UNKNOWN_TYPE && !MISNAMED.includes(extension);
  return isKnown ? declared : (TYPE_BY_EXTENSION[extension] ?? UNKNOWN_TYPE);
}

const kindOfType = (type: string): string => type.split("/")[0] ?? "";

/** How little the type of a file says that it can replace one of another type: 0, 1 or 2. */
export function typeDistance(type: string, other: string): number {
  const [kind, otherKind] = [kindOfType(type), kindOfType(other)];
  return kind === otherKind ? 0 : OTHER_KINDS[kind] === otherKind ? 1 : 2;
}

/**
 * The input for a file: by its type, else one that can take it, else the first free one. Undefined if no input
 * is free and none has the type of the file.
 */
function findInput(
  inputs: readonly Input[],
  file: FileInfo,
  assigned: readonly AssignedFile<unknown>[],
): Input | undefined {
  const kind = kindOfType(typeOf(file));
  const isFree = (input: Input): boolean => input.names.some((name) => !assigned.some((entry) => entry.input === name));
  const required = inputs.filter((input) => !input.optional);
  const found =
    inputs.find((input) => input.kinds.includes(kind)) ??
    inputs.find((input) => input.kinds.includes(OTHER_KINDS[kind] ?? "")) ??
    required.find(isFree) ??
    inputs.find(isFree);
  // Additional files of a recipe with a single input become jobs of their own, or are one too many.
  const hasSingleInput = required.length === 1 || inputs.length === 1;
  return found ?? (hasSingleInput ? inputs[0] : undefined);
}

/** `input` is the name of the input, such as picture2. */
export interface AssignedFile<F> {
  input: string;
  file: F;
}

export interface AssignedFiles<F> {
  assigned: AssignedFile<F>[];
  /** Additional videos; each becomes a job of its own. */
  extra: F[];
  /** Why files were rejected. */
  errors: string[];
}

/**
 * Assigns files to free inputs, after those already assigned. For recipes with a single video, additional
 * videos become jobs of their own.
 */
export function assignFiles<F extends FileInfo>(
  inputs: readonly Input[],
  files: readonly F[],
  current: Pick<AssignedFiles<F>, "assigned" | "extra"> = { assigned: [], extra: [] },
): AssignedFiles<F> {
  const result: AssignedFiles<F> = { assigned: [...current.assigned], extra: [...current.extra], errors: [] };
  const singleInput = inputs.filter((input) => !input.optional).length === 1;
  for (const file of files) {
    // The same file twice counts once.
    if ([...result.assigned.map((entry) => entry.file), ...result.extra].some((b) => isSameFile(b, file))) continue;
    if (file.size === 0) {
      result.errors.push(`${file.name} is empty.`);
      continue;
    }
    const input = findInput(inputs, file, result.assigned);
    if (!input) {
      result.errors.push(`${file.name} is one too many: all files are chosen.`);
      continue;
    }
    if (file.size > input.max_bytes) {
      result.errors.push(
        `${file.name} has ${formatBytes(file.size)}; at most ${formatBytes(input.max_bytes)} are taken.`,
      );
      continue;
    }
    const freeName = input.names.find((name) => !result.assigned.some((entry) => entry.input === name));
    if (freeName) result.assigned.push({ input: freeName, file });
    else if (singleInput && !input.optional && input.names.length === 1) result.extra.push(file);
    else if (input.names.length > 1)
      result.errors.push(`${file.name} is one too many: ${input.names.length} are taken.`);
    else
      result.assigned = result.assigned.map((entry) =>
        entry.input === input.name ? { input: input.name, file } : entry,
      );
  }
  return result;
}

/** Removes a file; the first additional one takes its place. */
export function removeFile<F extends FileInfo>(
  inputs: readonly Input[],
  current: AssignedFiles<F>,
  file: F,
): AssignedFiles<F> {
  const assigned = current.assigned.filter((entry) => entry.file !== file);
  return assignFiles(
    inputs,
    current.extra.filter((b) => b !== file),
    { assigned, extra: [] },
  );
}

/** Identifies a file by what browsers expose, and a link by its URL. */
export const fileKey = (file: FileInfo): string =>
  "url" in file ? String(file.url) : `${file.name} ${file.size} ${file.lastModified}`;

const isSameFile = (a: FileInfo, b: FileInfo): boolean => fileKey(a) === fileKey(b);

const KIND_NAMES: Readonly<Record<InputKind, string>> = {
  video: "a video",
  audio: "a sound",
  image: "a picture",
  text: "a text",
};

/** `a video or a sound`. */
export function acceptedKinds(inputs: readonly Input[]): string {
  const kinds = [...new Set(inputs.flatMap((input) => input.kinds))].filter((kind) => kind !== "text");
  return kinds.map((kind) => findLabel(KIND_NAMES, kind) ?? kind).join(" or ");
}

/** Required inputs without a file. */
export function missingInputs(inputs: readonly Input[], assigned: readonly AssignedFile<unknown>[]): Input[] {
  return inputs.filter(
    (input) => !input.optional && !input.names.some((name) => assigned.some((entry) => entry.input === name)),
  );
}
