/** The job whose files, and options, a new job takes over. No DOM. */
import { RECIPES as CONTRACT, PROMPT_SEPARATOR } from "../contract.ts";
import type { JobView } from "../job/model.ts";
import type { OptionValues, Recipe, Input } from "./recipes.ts";

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

/** What the form begins with. */
export interface Prefill {
  source: SourceJob | null;
  title: string;
  optionValues: OptionValues;
  purpose: string;
  prompt: string;
  sourceText: string;
}

export const NO_PREFILL: Prefill = { source: null, title: "", optionValues: {}, purpose: "", prompt: "", sourceText: "" };

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
  return { source, title: source.title, optionValues, purpose: String(source.options.purpose ?? ""), prompt, sourceText };
}

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
