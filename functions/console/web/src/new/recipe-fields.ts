/** The form fields of the recipes' options, in the order of the form. No DOM. */
import type { OptionName, RECIPES, RecipeName } from "../contract.ts";
import { ASPECT_LABELS, RESOLUTION_LABELS, THEME_LABELS, TRANSITION_LABELS } from "../labels.ts";

/** The text of a field, and whether it stands under "More options". */
interface FieldText {
  label: string;
  hint?: string;
  advanced?: boolean;
  /** Offered only when faces are scored. */
  faces?: boolean;
}

type Labels<C extends string> = Readonly<Record<C, string>>;

/** A choice has a label for each value, or is a switch that sends `onValue`. A number has labelled presets. */
type FieldOf<Spec> = Spec extends { type: "choice"; choices: readonly (infer C extends string)[] }
  ? FieldText & ({ choices: Labels<C> } | { onValue: C })
  : Spec extends { type: "number" }
    ? FieldText & { presets: Labels<string> }
    : FieldText;

/** A field for every option of a recipe; null for an option that the form does not offer. */
export type Fields<R extends RecipeName> = {
  readonly [O in OptionName<R>]: FieldOf<(typeof RECIPES)[R]["options"][O]> | null;
};

const FRAME_FIELDS = {
  every: { label: "A picture every", hint: "Seconds; fractions such as 0.5 or 1/3 are exact." },
  start: { label: "From", hint: "Seconds from the beginning.", advanced: true },
  end: { label: "Until", hint: "Seconds from the beginning; empty for the end.", advanced: true },
  max_width: { label: "No wider than", hint: "Pixels; empty leaves them as they are.", advanced: true },
  format: { label: "Kind of picture", choices: { jpeg: "JPEG, small", png: "PNG, without loss" }, advanced: true },
  quality: { label: "Quality of JPEG", advanced: true },
} satisfies Fields<"frames">;

/** Frames that are scored are not a result, so the form does not offer their encoding. */
const SCORED_FRAME_FIELDS = { ...FRAME_FIELDS, max_width: null, format: null, quality: null };

const SCORE_FIELDS = {
  annotate: { label: "Also make a video with boxes and labels", faces: true },
  smooth: { label: "Even out what flickers", hint: "Averages each face over time.", advanced: true, faces: true },
  mirror: {
    label: "Score each face twice",
    hint: "Averages each face with its mirror image: slightly more accurate.",
    advanced: true,
    faces: true,
  },
};

const FILM_FIELDS = {
  stop_at: { label: "Let me edit the slides before the film is made", onValue: "deck" },
  slides: { label: "Slides" },
  theme: { label: "Look", choices: THEME_LABELS },
  aspect: { label: "Shape", choices: ASPECT_LABELS },
  language: { label: "Language", hint: "A tag such as en, de or pt-BR; empty follows your words.", advanced: true },
  voice: { label: "Voice", advanced: true },
  tone: { label: "Tone", hint: "Such as warm, or dry and short.", advanced: true },
  audience: { label: "For whom", hint: "Such as ten-year-olds.", advanced: true },
  speed: { label: "Pace of the voice", presets: { "0.85": "Slow", "1": "Natural", "1.15": "Brisk" }, advanced: true },
  resolution: {
    label: "Sharpness",
    choices: { ...RESOLUTION_LABELS, "1080p": "1080p, takes longer" },
    advanced: true,
  },
  transition: { label: "From slide to slide", choices: TRANSITION_LABELS, advanced: true },
  motion: { label: "Slow movement over the pictures", hint: "Takes longer.", onValue: "gentle", advanced: true },
  subtitles: { label: "Write the subtitles into the picture", onValue: "burned", advanced: true },
  pitch: null,
  pictures: null,
} satisfies Fields<"presentation">;

export const RECIPE_FIELDS: { readonly [R in RecipeName]: Fields<R> } = {
  frames: FRAME_FIELDS,
  emotions: { ...SCORED_FRAME_FIELDS, ...SCORE_FIELDS, transcript: { label: "Also write down what is said" } },
  recap: {
    footage: { label: "The moments as", choices: { clips: "Clips of the video", stills: "Still pictures" } },
    sound: {
      label: "Sound of the clips",
      choices: { both: "Narration over that of the video", original: "That of the video only", narrated: "Narration only" },
    },
    length: { label: "Length", hint: "In seconds, about." },
    moments: { label: "Moments at most", advanced: true },
    ...FILM_FIELDS,
    ...SCORED_FRAME_FIELDS,
    every: { ...FRAME_FIELDS.every, advanced: true },
    ...SCORE_FIELDS,
    annotate: null,
    transcript: { label: "Quote what is said", hint: "Clips are cut between words, and the subtitles quote them." },
  },
  presentation: FILM_FIELDS,
  still: {
    shape: { label: "Shape", choices: { picture: "The picture’s own", ...ASPECT_LABELS } },
    resolution: { label: "Sharpness", choices: RESOLUTION_LABELS },
    motion: { label: "Move slowly over the picture", onValue: "gentle" },
    loudness: { label: "Bring the sound to an even loudness", onValue: "even" },
  },
  captions: {
    language: { label: "Language", hint: "A tag such as en, de or pt-BR; auto recognizes it." },
    video: {
      label: "Also make a copy of the video",
      choices: {
        none: "No",
        soft: "With a subtitle track",
        burned: "With the captions in its pictures",
        both: "Both",
      },
    },
  },
};
