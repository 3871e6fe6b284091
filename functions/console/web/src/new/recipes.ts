/** What people can have made, in their words, and what they may choose. Pure. */

export interface Option {
  /** As the API knows it. */
  name: string;
  label: string;
  kind: "text" | "number" | "choice" | "switch";
  /** What stands there at first; it is sent along only when it was changed. */
  first: string;
  choices?: readonly (readonly [string, string])[];
  hint?: string;
  /** Behind "More options". */
  more?: boolean;
  min?: number;
  max?: number;
  most?: number;
  /** What a switch that is on says to the API, when that is not `true`. */
  on?: string;
}

export interface Recipe {
  name: string;
  title: string;
  sentence: string;
  /** Whether faces are scored: the people filmed have to agree, and a purpose has to be named. */
  consent: boolean;
  options: readonly Option[];
}

/** What `GET /v1/recipes` says of an input. */
export interface Input {
  name: string;
  names: string[];
  kinds: string[];
  max_bytes: number;
  optional: boolean;
}

const SECONDS = "Seconds; fractions such as 0.5 or 1/3 are exact.";

const FRAMES: readonly Option[] = [
  { name: "every", label: "A picture every", kind: "text", first: "1", hint: SECONDS },
  { name: "start", label: "From", kind: "text", first: "", hint: "Seconds from the beginning; empty for all of it.", more: true },
  { name: "end", label: "Until", kind: "text", first: "", hint: "Seconds from the beginning; empty for the end.", more: true },
];

const PICTURES: readonly Option[] = [
  { name: "max_width", label: "No wider than", kind: "number", first: "", min: 16, max: 16384, hint: "Pixels; empty leaves them as they are.", more: true },
  { name: "format", label: "Kind of picture", kind: "choice", first: "jpeg", choices: [["jpeg", "JPEG, small"], ["png", "PNG, without loss"]], more: true },
  { name: "quality", label: "Quality of JPEG", kind: "number", first: "90", min: 1, max: 100, more: true },
];

const SMOOTH: Option = { name: "smooth", label: "Even out what flickers", kind: "switch", first: "true", hint: "Averages each face over time.", more: true };
const MIRROR: Option = { name: "mirror", label: "Score each face twice", kind: "switch", first: "true", hint: "Averages each face with its mirror image: slightly more accurate.", more: true };

const LOOK: readonly Option[] = [
  { name: "slides", label: "Slides", kind: "number", first: "8", min: 3, max: 40 },
  { name: "theme", label: "Look", kind: "choice", first: "midnight", choices: [["midnight", "Midnight"], ["paper", "Paper"], ["meadow", "Meadow"], ["ember", "Ember"], ["slate", "Slate"], ["chalk", "Chalk"]] },
  { name: "aspect", label: "Shape", kind: "choice", first: "16:9", choices: [["16:9", "Wide, 16:9"], ["9:16", "Upright, 9:16"], ["1:1", "Square"]] },
  { name: "language", label: "Language", kind: "text", first: "", hint: "A tag such as en, de or pt-BR; empty follows your words.", more: true },
  { name: "tone", label: "Tone", kind: "text", first: "", most: 80, hint: "Such as warm, or dry and short.", more: true },
  { name: "audience", label: "For whom", kind: "text", first: "", most: 160, hint: "Such as ten-year-olds.", more: true },
  { name: "speed", label: "Pace of the voice", kind: "choice", first: "1.0", choices: [["0.85", "Slow"], ["1.0", "Natural"], ["1.15", "Brisk"]], more: true },
  { name: "resolution", label: "Sharpness", kind: "choice", first: "720p", choices: [["720p", "720p"], ["1080p", "1080p, takes longer"]], more: true },
  { name: "transition", label: "From slide to slide", kind: "choice", first: "cut", choices: [["cut", "Cut"], ["fade", "Fade"]], more: true },
  { name: "motion", label: "Slow movement over the pictures", kind: "switch", first: "false", on: "gentle", hint: "Takes longer.", more: true },
  { name: "subtitles", label: "Write the subtitles into the picture", kind: "switch", first: "false", on: "burned", more: true },
];

const LOOK_FIRST: Option = { name: "stop_at", label: "Let me edit the slides before the film is made", kind: "switch", first: "false", on: "deck" };

export const RECIPES: readonly Recipe[] = [
  {
    name: "frames",
    title: "Frames",
    sentence: "Still pictures out of a video, at the interval you choose.",
    consent: false,
    options: [...FRAMES, ...PICTURES],
  },
  {
    name: "emotions",
    title: "Emotions",
    sentence: "What the faces in a video express, as a timeline you can click.",
    consent: true,
    options: [
      ...FRAMES,
      { name: "annotate", label: "Also make a video with boxes and labels", kind: "switch", first: "false" },
      SMOOTH,
      MIRROR,
    ],
  },
  {
    name: "recap",
    title: "Recap",
    sentence: "A narrated film of a video’s strongest moments.",
    consent: true,
    options: [LOOK_FIRST, ...LOOK, ...FRAMES.map((one) => ({ ...one, more: true })), SMOOTH, MIRROR],
  },
  {
    name: "presentation",
    title: "Presentation",
    sentence: "A narrated slide film out of a few sentences of yours.",
    consent: false,
    options: [LOOK_FIRST, ...LOOK],
  },
  {
    name: "still",
    title: "Still",
    sentence: "A picture under a song or a voice, as a film.",
    consent: false,
    options: [
      { name: "shape", label: "Shape", kind: "choice", first: "picture", choices: [["picture", "The picture’s own"], ["16:9", "Wide, 16:9"], ["9:16", "Upright, 9:16"], ["1:1", "Square"]] },
      { name: "resolution", label: "Sharpness", kind: "choice", first: "1080p", choices: [["1080p", "1080p"], ["720p", "720p"]] },
      { name: "motion", label: "Move slowly over the picture", kind: "switch", first: "false", on: "gentle" },
      { name: "loudness", label: "Bring the sound to an even loudness", kind: "switch", first: "false", on: "even" },
    ],
  },
];

export const recipeOf = (name: string): Recipe | undefined => RECIPES.find((one) => one.name === name);

export type Chosen = Readonly<Record<string, string>>;

/** What is told to the API: only what differs from what stands there at first. */
export function optionsOf(recipe: Recipe, chosen: Chosen): Record<string, string | boolean> {
  const told: Record<string, string | boolean> = {};
  for (const one of recipe.options) {
    const value = (chosen[one.name] ?? one.first).trim();
    if (value === one.first) continue;
    if (one.kind !== "switch") {
      if (value) told[one.name] = value;
    } else if (one.on) {
      told[one.name] = one.on;
    } else {
      told[one.name] = value === "true";
    }
  }
  return told;
}
