/** The recipes and their options, as the form shows them. No DOM. */

export interface Option {
  /** Name in the API. */
  name: string;
  label: string;
  kind: "text" | "number" | "choice" | "switch";
  /** Default value; it is not sent. */
  default: string;
  choices?: readonly (readonly [string, string])[];
  hint?: string;
  /** Shown under "More options". */
  advanced?: boolean;
  min?: number;
  max?: number;
  maxLength?: number;
  /** The value that a checked switch sends; `true` if absent. */
  onValue?: string;
}

export interface Recipe {
  name: string;
  title: string;
  summary: string;
  /** Whether faces are scored, which needs consent and a purpose. */
  consent: boolean;
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

const SECONDS_HINT = "Seconds; fractions such as 0.5 or 1/3 are exact.";

const FRAME_OPTIONS: readonly Option[] = [
  { name: "every", label: "A picture every", kind: "text", default: "1", hint: SECONDS_HINT },
  { name: "start", label: "From", kind: "text", default: "", hint: "Seconds from the beginning; empty for all of it.", advanced: true },
  { name: "end", label: "Until", kind: "text", default: "", hint: "Seconds from the beginning; empty for the end.", advanced: true },
];

const PICTURE_OPTIONS: readonly Option[] = [
  { name: "max_width", label: "No wider than", kind: "number", default: "", min: 16, max: 16384, hint: "Pixels; empty leaves them as they are.", advanced: true },
  { name: "format", label: "Kind of picture", kind: "choice", default: "jpeg", choices: [["jpeg", "JPEG, small"], ["png", "PNG, without loss"]], advanced: true },
  { name: "quality", label: "Quality of JPEG", kind: "number", default: "90", min: 1, max: 100, advanced: true },
];

const SMOOTH_OPTION: Option = { name: "smooth", label: "Even out what flickers", kind: "switch", default: "true", hint: "Averages each face over time.", advanced: true };
const MIRROR_OPTION: Option = { name: "mirror", label: "Score each face twice", kind: "switch", default: "true", hint: "Averages each face with its mirror image: slightly more accurate.", advanced: true };

const FILM_OPTIONS: readonly Option[] = [
  { name: "slides", label: "Slides", kind: "number", default: "8", min: 3, max: 40 },
  { name: "theme", label: "Look", kind: "choice", default: "midnight", choices: [["midnight", "Midnight"], ["paper", "Paper"], ["meadow", "Meadow"], ["ember", "Ember"], ["slate", "Slate"], ["chalk", "Chalk"]] },
  { name: "aspect", label: "Shape", kind: "choice", default: "16:9", choices: [["16:9", "Wide, 16:9"], ["9:16", "Upright, 9:16"], ["1:1", "Square"]] },
  { name: "language", label: "Language", kind: "text", default: "", hint: "A tag such as en, de or pt-BR; empty follows your words.", advanced: true },
  { name: "tone", label: "Tone", kind: "text", default: "", maxLength: 80, hint: "Such as warm, or dry and short.", advanced: true },
  { name: "audience", label: "For whom", kind: "text", default: "", maxLength: 160, hint: "Such as ten-year-olds.", advanced: true },
  { name: "speed", label: "Pace of the voice", kind: "choice", default: "1.0", choices: [["0.85", "Slow"], ["1.0", "Natural"], ["1.15", "Brisk"]], advanced: true },
  { name: "resolution", label: "Sharpness", kind: "choice", default: "720p", choices: [["720p", "720p"], ["1080p", "1080p, takes longer"]], advanced: true },
  { name: "transition", label: "From slide to slide", kind: "choice", default: "cut", choices: [["cut", "Cut"], ["fade", "Fade"]], advanced: true },
  { name: "motion", label: "Slow movement over the pictures", kind: "switch", default: "false", onValue: "gentle", hint: "Takes longer.", advanced: true },
  { name: "subtitles", label: "Write the subtitles into the picture", kind: "switch", default: "false", onValue: "burned", advanced: true },
];

const REVIEW_OPTION: Option = { name: "stop_at", label: "Let me edit the slides before the film is made", kind: "switch", default: "false", onValue: "deck" };

export const RECIPES: readonly Recipe[] = [
  {
    name: "frames",
    title: "Frames",
    summary: "Still pictures out of a video, at the interval you choose.",
    consent: false,
    options: [...FRAME_OPTIONS, ...PICTURE_OPTIONS],
  },
  {
    name: "emotions",
    title: "Emotions",
    summary: "What the faces in a video express, as a timeline you can click.",
    consent: true,
    options: [
      ...FRAME_OPTIONS,
      { name: "annotate", label: "Also make a video with boxes and labels", kind: "switch", default: "false" },
      SMOOTH_OPTION,
      MIRROR_OPTION,
    ],
  },
  {
    name: "recap",
    title: "Recap",
    summary: "A narrated film of a video’s strongest moments.",
    consent: true,
    options: [REVIEW_OPTION, ...FILM_OPTIONS, ...FRAME_OPTIONS.map((option) => ({ ...option, advanced: true })), SMOOTH_OPTION, MIRROR_OPTION],
  },
  {
    name: "presentation",
    title: "Presentation",
    summary: "A narrated slide film out of a few sentences of yours.",
    consent: false,
    options: [REVIEW_OPTION, ...FILM_OPTIONS],
  },
  {
    name: "still",
    title: "Still",
    summary: "A picture under a song or a voice, as a film.",
    consent: false,
    options: [
      { name: "shape", label: "Shape", kind: "choice", default: "picture", choices: [["picture", "The picture’s own"], ["16:9", "Wide, 16:9"], ["9:16", "Upright, 9:16"], ["1:1", "Square"]] },
      { name: "resolution", label: "Sharpness", kind: "choice", default: "1080p", choices: [["1080p", "1080p"], ["720p", "720p"]] },
      { name: "motion", label: "Move slowly over the picture", kind: "switch", default: "false", onValue: "gentle" },
      { name: "loudness", label: "Bring the sound to an even loudness", kind: "switch", default: "false", onValue: "even" },
    ],
  },
];

export const findRecipe = (name: string): Recipe | undefined => RECIPES.find((recipe) => recipe.name === name);

export type OptionValues = Readonly<Record<string, string>>;

/** Returns the options that differ from their defaults, as the API expects them. */
export function changedOptions(recipe: Recipe, values: OptionValues): Record<string, string | boolean> {
  const options: Record<string, string | boolean> = {};
  for (const option of recipe.options) {
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
