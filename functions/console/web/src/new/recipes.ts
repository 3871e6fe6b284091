/** The recipes and their options, as the form shows them. No DOM. */
import { RECIPES as CONTRACT, type RecipeName } from "../contract.ts";
import { RECIPE_LABELS } from "../labels.ts";
import { RECIPE_FIELDS } from "./recipe-fields.ts";

export interface Option {
  /** Name in the API. */
  name: string;
  label: string;
  kind: "text" | "number" | "choice" | "switch" | "voice";
  /** Default value; it is not sent. */
  default: string;
  /** Values and labels of a choice. */
  choices: readonly (readonly [string, string])[];
  hint?: string | undefined;
  /** Shown under "More options". */
  advanced?: boolean | undefined;
  min?: number | undefined;
  max?: number | undefined;
  maxLength?: number | undefined;
  /** The value that a checked switch sends; `true` if absent. */
  onValue?: string | undefined;
  /** Only for jobs whose faces are scored. */
  faces?: boolean | undefined;
}

export interface Recipe {
  name: RecipeName;
  title: string;
  summary: string;
  /** Whether scored faces, which need consent and a purpose, are part of every job or a choice. */
  consent: false | "optional" | "required";
  options: readonly Option[];
}

/** An input, as `GET /v1/recipes` describes it. */
export interface Input {
  name: string;
  names: string[];
  kinds: string[];
  max_bytes: number;
  optional: boolean;
}

const SUMMARIES: Readonly<Record<RecipeName, string>> = {
  frames: "Still pictures out of a video, at the interval you choose.",
  emotions: "What the faces in a video express, as a timeline you can click.",
  recap: "A narrated film of a video’s strongest moments, or of its scenes.",
  presentation: "A narrated slide film out of a few sentences of yours.",
  still: "A picture under a song or a voice, as a film.",
};

/** An option in the contract, and its field, whatever its type. */
interface Spec {
  type: "seconds" | "integer" | "number" | "text" | "boolean" | "choice";
  default: string | number | boolean | null;
  choices?: readonly string[];
  min?: number;
  max?: number;
  maxChars?: number;
}

interface AnyField {
  label: string;
  hint?: string;
  advanced?: boolean;
  choices?: Readonly<Record<string, string>>;
  presets?: Readonly<Record<string, string>>;
  onValue?: string;
  faces?: boolean;
}

function toOption(name: string, spec: Spec, field: AnyField): Option {
  const { label, hint, advanced, onValue, presets, choices, faces } = field;
  const kind = name === "voice" ? "voice" : spec.type === "integer" ? "number" : "text";
  const isSwitch = spec.type === "boolean" || onValue !== undefined;
  return {
    name, label, hint, advanced, onValue, faces, min: spec.min, max: spec.max, maxLength: spec.maxChars,
    kind: isSwitch ? "switch" : presets || choices ? "choice" : kind,
    default: onValue === undefined ? String(spec.default ?? "") : "false",
    choices: presets
      ? Object.entries(presets).sort(([a], [b]) => Number(a) - Number(b))
      : (spec.choices ?? []).map((value) => [value, choices?.[value] ?? value] as const),
  };
}

function toRecipe(name: RecipeName): Recipe {
  const { consent, options } = CONTRACT[name];
  const specs: Readonly<Record<string, Spec>> = options;
  const fields = Object.entries(RECIPE_FIELDS[name]) as [string, AnyField | null][];
  return {
    name,
    title: RECIPE_LABELS[name],
    summary: SUMMARIES[name],
    consent,
    options: fields.flatMap(([option, field]) => (field ? [toOption(option, specs[option] as Spec, field)] : [])),
  };
}

export const RECIPES: readonly Recipe[] = (Object.keys(CONTRACT) as RecipeName[]).map(toRecipe);

export const findRecipe = (name: string): Recipe | undefined => RECIPES.find((recipe) => recipe.name === name);

export type OptionValues = Readonly<Record<string, string>>;

/** Whether the faces in a job are scored: without consent, a recap shows scenes. */
export const scoresFaces = ({ consent }: Pick<Recipe, "consent">, hasConsent: boolean): boolean =>
  consent === "required" || (consent === "optional" && hasConsent);

/** Returns the options of jobs whose faces are scored, or are not. */
export const offeredOptions = (recipe: Recipe, hasConsent: boolean): readonly Option[] =>
  recipe.options.filter((option) => !option.faces || scoresFaces(recipe, hasConsent));

/** Returns the options that differ from their defaults, as the API expects them. */
export function changedOptions(offered: readonly Option[], values: OptionValues): Record<string, string | boolean> {
  const options: Record<string, string | boolean> = {};
  for (const option of offered) {
    const value = (values[option.name] ?? option.default).trim();
    if (value === option.default) continue;
    if (option.kind !== "switch") {
      if (value) options[option.name] = value;
    } else if (option.onValue) {
      options[option.name] = option.onValue;
    } else {
      options[option.name] = value === "true";
    }
  }
  return options;
}
