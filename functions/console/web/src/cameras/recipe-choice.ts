/** The recipe for a recording, as the API expects it. No DOM. */
import { type RecipeName, RECIPES } from "../contract.ts";
import { RECIPE_LABELS } from "../labels.ts";
import { scoresFaces } from "../new/recipes.ts";

/** The recipes that take a video, and so a recording. */
type VideoRecipe = {
  [R in RecipeName]: "video" extends keyof (typeof RECIPES)[R]["inputs"] ? R : never;
}[RecipeName];

export interface RecipeChoice {
  recipe: "" | VideoRecipe;
  consent: boolean;
  purpose: string;
}

export const NO_RECIPE: RecipeChoice = { recipe: "", consent: false, purpose: "" };

const DESCRIPTIONS: Readonly<Record<VideoRecipe, string>> = {
  frames: "A picture for every second.",
  emotions: "What faces express, over time.",
  recap: "A narrated film of its strongest moments, or of its scenes.",
};

/** Recipe, title and description. */
export const RECIPE_CHOICES: readonly (readonly [RecipeChoice["recipe"], string, string])[] = [
  ["", "Only the clip", "It is kept as it is; a job can be created from it later."],
  ...(Object.keys(DESCRIPTIONS) as VideoRecipe[]).map(
    (recipe) => [recipe, RECIPE_LABELS[recipe], DESCRIPTIONS[recipe]] as const,
  ),
];

/** Whether scored faces, which need the consent of the people filmed, are required, optional or not part of the recipe. */
export const consentOf = ({ recipe }: RecipeChoice): false | "optional" | "required" =>
  recipe !== "" && RECIPES[recipe].consent;

/** Whether the faces in the clip are scored. */
export const isScored = (choice: RecipeChoice): boolean => scoresFaces({ consent: consentOf(choice) }, choice.consent);

export function toRecipeFields(choice: RecipeChoice): { recipe?: string; options?: Record<string, unknown> } {
  if (!choice.recipe) return {};
  const options = isScored(choice) ? { consent: choice.consent, purpose: choice.purpose.trim() } : {};
  return { recipe: choice.recipe, options };
}

/** Returns the address with user and password in it. Throws if it is not a URL. */
export function withCredentials(address: string, user: string, password: string): string {
  const trimmed = address.trim();
  if (!user && !password) return trimmed;
  const [, scheme, rest] = /^([a-z]+:\/\/)(.+)$/i.exec(trimmed) ?? [];
  if (!scheme || !rest) throw new Error("Begin the address with rtsp://, http:// or https://.");
  const host = rest.replace(/^[^/?#]*@/, "");
  return `${scheme}${encodeUserInfo(user)}:${encodeUserInfo(password)}@${host}`;
}

const encodeUserInfo = (trimmed: string): string =>
  encodeURIComponent(trimmed).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
