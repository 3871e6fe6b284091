/** The job whose files, and options, a new job takes over. No DOM. */
import { RECIPES as CONTRACT, PROMPT_SEPARATOR } from "../contract.ts";
import type { JobView } from "../job/model.ts";
import { type Input, type OptionValues, type Recipe, findRecipe } from "./recipes.ts";

/** An input of `GET /v1/jobs/{id}`. `kind` is null before the file was examined, where the recipe takes several. */
export interface SourceInput {
  name: string;
  filename: string;
  content_type: string;
  size_bytes: number;
  kind: string | null;
}

export interface SourceJob extends Pick<JobView, "id" | "recipe" | "title" | "options"> {
  inputs: SourceInput[];
}

export type KeptOptions = Readonly<Record<string, string | boolean>>;

/** What the form begins with. */
export interface Prefill {
  source: SourceJob | null;
  title: string;
  optionValues: OptionValues;
  /** Options that differ from their defaults and have no field in the form. */
  keptOptions: KeptOptions;
  purpose: string;
  prompt: string;
  sourceText: string;
}

export const NO_PREFILL: Prefill = { source: null, title: "", optionValues: {}, keptOptions: {}, purpose: "", prompt: "", sourceText: "" };

/**
 * Returns what a form for the same recipe begins with. Consent is not taken over: it is stated anew for every job.
 */
export function prefillFrom(source: SourceJob, recipe: Recipe, promptText: string): Prefill {
  const [prompt = "", sourceText = ""] = promptText.split(PROMPT_SEPARATOR);
  const optionValues = Object.fromEntries(
    recipe.options.flatMap((option) => {
      const value = source.options[option.name];
      if (value === undefined || value === null) return [];
      return [[option.name, option.onValue === undefined ? String(value) : String(value === option.onValue)]];
    }),
  );
  return {
    source, title: source.title, optionValues, keptOptions: keptOptionsOf(source, recipe),
    purpose: String(source.options.purpose ?? ""), prompt, sourceText,
  };
}

function keptOptionsOf(source: SourceJob, recipe: Recipe): KeptOptions {
  const specs: Readonly<Record<string, { default: unknown }>> = CONTRACT[recipe.name].options;
  const hasField = (name: string): boolean => recipe.options.some((option) => option.name === name);
  return Object.fromEntries(
    Object.entries(source.options).flatMap(([name, value]) => {
      const spec = specs[name];
      if (!spec || hasField(name) || value === null || String(value) === String(spec.default)) return [];
      return [[name, typeof value === "boolean" ? value : String(value)]];
    }),
  );
}

/** Without scored faces, the API refuses the options of faces. */
export function withoutFaceOptions(kept: KeptOptions): KeptOptions {
  const faceOptions = findRecipe("emotions")?.options.filter((option) => option.faces) ?? [];
  return Object.fromEntries(Object.entries(kept).filter(([name]) => !faceOptions.some((option) => option.name === name)));
}

/** Such as "pitch -4, annotate yes". */
export const keptOptionsText = (kept: KeptOptions): string =>
  Object.entries(kept)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${typeof value === "boolean" ? (value ? "yes" : "no") : value}`)
    .join(", ");

/** The inputs of a recipe that a job can supply, by name and then by kind, as the API chooses them. */
export function suppliedInputs(inputs: readonly Input[], source: SourceJob): Map<string, SourceInput> {
  const unused = source.inputs.filter(({ kind }) => kind !== "text");
  const supplied = new Map<string, SourceInput>();
  for (const input of inputs) {
    for (const name of input.names) {
      const matches = unused.filter(({ kind }) => kind === null || input.kinds.includes(kind));
      const match = matches.find((candidate) => candidate.name === name) ?? matches[0];
      if (!match) continue;
      unused.splice(unused.indexOf(match), 1);
      supplied.set(name, match);
    }
  }
  return supplied;
}

/** Whether a job has a file for every input that a recipe requires. */
export function canSupply(source: SourceJob, recipe: Recipe): boolean {
  const inputs: Readonly<Record<string, { kinds: readonly string[]; optional: boolean }>> = CONTRACT[recipe.name].inputs;
  const required = Object.entries(inputs)
    .filter(([, { optional }]) => !optional)
    .map(([name, { kinds }]) => ({ name, names: [name], kinds: [...kinds], optional: false, max_bytes: 0 }));
  return required.length > 0 && suppliedInputs(required, source).size === required.length;
}
