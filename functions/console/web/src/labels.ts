/** Labels of names of the contract that several pages show. A missing label is a type error. */
import type { Choice, RecipeName, Theme } from "./contract.ts";

export const RECIPE_LABELS: Readonly<Record<RecipeName, string>> = {
  frames: "Frames",
  emotions: "Emotions",
  recap: "Recap",
  presentation: "Presentation",
  still: "Still",
  captions: "Captions",
};

export const recipeLabel = (name: string): string => findLabel(RECIPE_LABELS, name) ?? name;

/** Returns the label of a name that the API returned; undefined for a name that this build does not know. */
export const findLabel = <L>(labels: Readonly<Record<string, L>>, name: string): L | undefined => labels[name];

export const THEME_LABELS: Readonly<Record<Theme, string>> = {
  midnight: "Midnight",
  paper: "Paper",
  meadow: "Meadow",
  ember: "Ember",
  slate: "Slate",
  chalk: "Chalk",
  studio: "Studio",
  coral: "Coral",
};

export const ASPECT_LABELS: Readonly<Record<Choice<"presentation", "aspect">, string>> = {
  "16:9": "Wide, 16:9",
  "9:16": "Upright, 9:16",
  "1:1": "Square",
};

export const RESOLUTION_LABELS: Readonly<Record<Choice<"presentation", "resolution">, string>> = {
  "720p": "720p",
  "1080p": "1080p",
};

export const TRANSITION_LABELS: Readonly<Record<Choice<"presentation", "transition">, string>> = {
  cut: "Cut",
  fade: "Fade",
};
