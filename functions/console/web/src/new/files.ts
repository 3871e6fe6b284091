/** Assigns files to the inputs of a recipe. No DOM. */
import type { InputKind } from "../contract.ts";
import { formatBytes } from "../format.ts";
import { findLabel } from "../labels.ts";
import type { Input } from "./recipes.ts";

export type FileInfo = Pick<File, "name" | "type" | "size" | "lastModified">;

/** Types that browsers do not know, or name differently than the API. */
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

/** Media type without parameters; empty if unknown. */
export function typeOf({ name, type }: FileInfo): string {
  const declared = (type.split(";")[0] ?? "").trim().toLowerCase();
  const extension = name.includes(".") ? (name.split(".").pop() ?? "").toLowerCase() : "";
  return declared && declared !== "application/octet-stream" ? declared : (TYPE_BY_EXTENSION[extension] ?? "");
}

export const kindOf = (file: FileInfo): string => typeOf(file).split("/")[0] ?? "";

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

/** Identifies a file by what browsers expose. */
export const fileKey = ({ name, size, lastModified }: FileInfo): string => `${name} ${size} ${lastModified}`;

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

/** The `accept` attribute. Browsers do not know all extensions, so these are listed. */
export function acceptAttribute(inputs: readonly Input[]): string {
  const kinds = [...new Set(inputs.flatMap((input) => input.kinds))].filter((kind) => kind !== "text");
  const extensions = Object.entries(TYPE_BY_EXTENSION).filter(([, type]) => kinds.includes(type.split("/")[0] ?? ""));
  return [...kinds.map((kind) => `${kind}/*`), ...extensions.map(([extension]) => `.${extension}`)].join(",");
}

/** Required inputs without a file. */
export function missingInputs(inputs: readonly Input[], assigned: readonly AssignedFile<unknown>[]): Input[] {
  return inputs.filter(
    (input) => !input.optional && !input.names.some((name) => assigned.some((entry) => entry.input === name)),
  );
}
