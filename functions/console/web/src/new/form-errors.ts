/** Errors of the form of a new job by field: its own checks, and what the API refuses. No DOM. */
import { type AssignedFile, type FileInfo, fileKey } from "./files.ts";
import type { Option } from "./recipes.ts";

/** Message by field. "" is the whole form; the others are named as in the API. */
export type FormErrors = Readonly<Record<string, string>>;

export const NO_ERRORS: FormErrors = {};
export const PROMPT_FIELD = "prompt";
export const FILES_FIELD = "inputs";
/** The field for links. */
export const LINK_FIELD = "link";
export const CONSENT_FIELD = "options.consent";
export const PURPOSE_FIELD = "options.purpose";
export const TITLE_FIELD = "title";

export const optionField = (option: Pick<Option, "name">): string => `options.${option.name}`;

/** The field of an added link. */
export const linkField = (file: FileInfo): string => `link ${fileKey(file)}`;

/** Returns the API's errors, those of URLs such as `inputs.video.url` by the link in the request. */
export function nameLinks(
  apiErrors: Readonly<Record<string, string>>,
  files: readonly AssignedFile<FileInfo>[],
): Readonly<Record<string, string>> {
  const fields = new Map(files.map(({ input, file }) => [`${FILES_FIELD}.${input}.url`, linkField(file)]));
  return Object.fromEntries(Object.entries(apiErrors).map(([name, message]) => [fields.get(name) ?? name, message]));
}

/**
 * Returns the API's errors by the fields of the form. Errors of an input, such as `inputs.video.size_bytes`, and of
 * the job whose files are used (`from`) belong to the files; those of a field that the form does not show belong to the whole form.
 *
 * `summary` is the API's message for the whole request. It is shown alone when no field is named.
 */
export function assignErrors(
  apiErrors: Readonly<Record<string, string>>,
  shownFields: readonly string[],
  summary: string,
): FormErrors {
  const assigned: Record<string, string> = {};
  const others: string[] = [];
  for (const [name, message] of Object.entries(apiErrors)) {
    const isFiles = name === "from" || (name.split(".")[0] === FILES_FIELD && name !== "inputs.prompt");
    const field = isFiles ? FILES_FIELD : name;
    if (shownFields.includes(field)) assigned[field] = assigned[field] ? `${assigned[field]} ${message}` : message;
    else others.push(message);
  }
  if (!Object.keys(apiErrors).length) others.push(summary);
  return others.length ? { ...assigned, "": others.join(" ") } : assigned;
}
