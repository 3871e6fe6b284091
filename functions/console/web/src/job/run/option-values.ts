/** The settings of a job by value, with the labels of the form. No DOM. */
import { type Recipe, findRecipe } from "../../new/recipes.ts";
import type { Job } from "../model.ts";

export interface OptionRow {
  name: string;
  label: string;
  value: string;
}

/** Options that the form asks for outside the fields of the recipe. */
const OTHER_LABELS: Readonly<Record<string, string>> = {
  consent: "Consent of the people in the video",
  purpose: "Purpose",
};

/** All settings of a job, in the order of the form; those that the form does not offer come last. */
export function optionRows(job: Job): OptionRow[] {
  const recipe = findRecipe(job.recipe);
  const order = (recipe?.options ?? []).map((option) => option.name);
  const position = (name: string): number => {
    const index = order.indexOf(name);
    return index < 0 ? order.length : index;
  };
  return Object.entries(job.options)
    .filter(([, value]) => value !== null && value !== "")
    .sort(([a], [b]) => position(a) - position(b) || a.localeCompare(b))
    .map(([name, value]) => ({ name, label: labelOf(recipe, name), value: valueOf(recipe, name, value) }));
}

function labelOf(recipe: Recipe | undefined, name: string): string {
  const option = recipe?.options.find((row) => row.name === name);
  return option?.label ?? OTHER_LABELS[name] ?? sentenceCase(name);
}

function valueOf(recipe: Recipe | undefined, name: string, value: unknown): string {
  const option = recipe?.options.find((row) => row.name === name);
  const text = String(value);
  if (option?.onValue !== undefined) return text === option.onValue ? "Yes" : "No";
  if (text === "true" || text === "false") return text === "true" ? "Yes" : "No";
  const choice = option?.choices.find(([choiceValue]) => choiceValue === text || Number(choiceValue) === Number(text));
  return choice?.[1] ?? text;
}

const sentenceCase = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
