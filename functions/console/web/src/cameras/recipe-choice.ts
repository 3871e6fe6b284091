/** The recipe for a recording, as the API expects it. No DOM. */
export interface RecipeChoice {
  recipe: "" | "frames" | "emotions" | "recap";
  consent: boolean;
  purpose: string;
}

export const NO_RECIPE: RecipeChoice = { recipe: "", consent: false, purpose: "" };

export const RECIPE_CHOICES = [
  ["", "Only the clip", "It is kept as it is; a job can be made of it later."],
  ["frames", "Frames", "A picture for every second."],
  ["emotions", "Emotions", "What faces express, over time."],
  ["recap", "Recap", "A narrated film of its strongest moments."],
] as const satisfies readonly (readonly [RecipeChoice["recipe"], string, string])[];

/** Whether the recipe scores faces, which needs the consent of the people filmed. */
export const needsConsent = ({ recipe }: RecipeChoice): boolean => recipe === "emotions" || recipe === "recap";

export function toRecipeFields(choice: RecipeChoice): { recipe?: string; options?: Record<string, unknown> } {
  if (!choice.recipe) return {};
  const options = needsConsent(choice) ? { consent: choice.consent, purpose: choice.purpose.trim() } : {};
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
