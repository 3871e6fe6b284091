/** The draft of a deck. Every edit returns a new draft. No DOM. */
import { type ChartKind, type Choice, type SlideLayout, type Theme, LIMITS as CONTRACT_LIMITS, RECIPES } from "../contract.ts";
import { formatClock } from "../format.ts";

export interface Slide {
  id: string;
  heading: string;
  bullets: string[];
  notes: string;
  layout: SlideLayout;
  picture: string | null;
  /** The names of two sides, or the time of each point. */
  labels: string[];
  number: string;
  chart: Chart | null;
  icons: string[];
  /** What the picture shows, for those who do not see it. */
  alt: string;
  /** The point of the picture that stays in view, as shares of its width and height. */
  focus: [number, number] | null;
}

export interface Chart {
  kind: ChartKind;
  points: { label: string; value: number }[];
  unit: string;
}

export interface Draft {
  title: string;
  language: string;
  theme: Theme;
  aspect: Aspect;
  resolution: Resolution;
  slides: Slide[];
}

/** The response of GET /v1/jobs/{id}/deck. */
export interface DeckView extends Draft {
  revision: number;
  current: boolean;
  pictures: string[];
  /** The file names of added pictures, by reference. */
  added_pictures: Record<string, string>;
}

/** Options of the film that can be changed together with the deck. */
export interface FilmOptions {
  voice: string;
  speed: number;
  transition: Choice<"presentation", "transition">;
  subtitles: Choice<"presentation", "subtitles">;
  motion: Choice<"presentation", "motion">;
}

export type Aspect = Choice<"presentation", "aspect">;
export type Resolution = Choice<"presentation", "resolution">;

const { deck: LIMITS } = CONTRACT_LIMITS;
const { speed, transition, subtitles, motion } = RECIPES.presentation.options;

export function draftOf(view: DeckView): Draft {
  const { title, language, theme, aspect, resolution } = view;
  const slides = view.slides.map(
    ({ id, heading, bullets, notes, layout, picture, labels, number, chart, icons, alt, focus }) => ({
      id, heading, bullets: [...bullets], notes, layout, picture,
      labels: [...labels], number, chart, icons: [...icons], alt, focus,
    }),
  );
  return { title, language, theme, aspect, resolution, slides };
}

/** The film options of a job, whose options the API has validated. */
export function filmOptionsOf(options: Record<string, unknown>): FilmOptions {
  return {
    voice: String(options.voice ?? ""),
    speed: Number(options.speed ?? speed.default),
    transition: (options.transition ?? transition.default) as FilmOptions["transition"],
    subtitles: (options.subtitles ?? subtitles.default) as FilmOptions["subtitles"],
    motion: (options.motion ?? motion.default) as FilmOptions["motion"],
  };
}

/** Whether the draft differs from `from` after normalization. */
export function isChanged(draft: Draft, from: Draft): boolean {
  return JSON.stringify(normalize(draft)) !== JSON.stringify(normalize(from));
}

/** Removes empty bullets and surrounding white space, which may exist while the user types. */
function normalize(draft: Draft): Draft {
  const slides = draft.slides.map((slide) => ({
    ...slide,
    heading: slide.heading.trim(),
    bullets: slide.bullets.map((bullet) => bullet.trim()).filter(Boolean),
    notes: slide.notes.trim(),
    labels: slide.labels.map((label) => label.trim()).filter(Boolean),
    number: slide.number.trim(),
    // Drafts that an earlier version stored have neither.
    alt: (slide.alt ?? "").trim(),
    focus: slide.focus ?? null,
  }));
  return { ...draft, title: draft.title.trim(), slides };
}

export function updateSlide(draft: Draft, id: string, changes: Partial<Slide>): Draft {
  return {
    ...draft,
    slides: draft.slides.map((slide) => (slide.id === id ? { ...slide, ...changes } : slide)),
  };
}

/** Shows a new picture on a slide. A slide that had one keeps its layout. */
export function addPictureTo(draft: Draft, id: string, picture: string): Draft {
  const hasPicture = draft.slides.some((slide) => slide.id === id && slide.picture !== null);
  const changes = { picture, focus: null, alt: "" };
  return updateSlide(draft, id, hasPicture ? changes : { ...changes, layout: "picture" });
}

/** `offset` -1 moves the slide one position earlier, 1 later. Moves out of range do nothing. */
export function moveSlide(draft: Draft, id: string, offset: number): Draft {
  const from = draft.slides.findIndex((slide) => slide.id === id);
  const to = from + offset;
  if (from < 0 || to < 0 || to >= draft.slides.length) return draft;
  const slides = [...draft.slides];
  slides.splice(to, 0, ...slides.splice(from, 1));
  return { ...draft, slides };
}

export function removeSlide(draft: Draft, id: string): Draft {
  if (draft.slides.length <= LIMITS.minSlides) return draft;
  return { ...draft, slides: draft.slides.filter((slide) => slide.id !== id) };
}

/** Adds a blank slide after the one with `id`, with an id that was never used. */
export function addSlide(draft: Draft, id: string, usedIds: readonly string[]): Draft {
  if (draft.slides.length >= LIMITS.maxSlides) return draft;
  const ids = new Set([...draft.slides.map((slide) => slide.id), ...usedIds]);
  let number = draft.slides.length + 1;
  while (ids.has(`new-${number}`)) number += 1;
  const newSlide: Slide = {
    id: `new-${number}`, heading: "", bullets: [], notes: "", layout: "bullets", picture: null,
    labels: [], number: "", chart: null, icons: [], alt: "", focus: null,
  };
  const slides = [...draft.slides];
  slides.splice(slides.findIndex((slide) => slide.id === id) + 1, 0, newSlide);
  return { ...draft, slides };
}

const EMPTY_FIELD = "Write something here.";

/** The errors without those of fields that the user has not filled in yet. */
export const withoutEmptyFields = (errors: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([...errors].filter(([, message]) => message !== EMPTY_FIELD));

/** Returns errors by field path, such as "slides[2].heading". An empty map: the draft can be sent. */
export function validateDraft(draft: Draft): Map<string, string> {
  const errors = new Map<string, string>();
  const text = (field: string, value: string, max: number, required: boolean) => {
    const tooLong = [...value].length;
    if (required && !value.trim()) errors.set(field, EMPTY_FIELD);
    else if (tooLong > max) errors.set(field, `${tooLong - max} characters too many; ${max} fit.`);
  };
  text("title", draft.title, LIMITS.maxTitleChars, true);
  let totalNotesChars = 0;
  draft.slides.forEach((slide, n) => {
    const field = `slides[${n}]`;
    text(`${field}.heading`, slide.heading, LIMITS.maxHeadingChars, true);
    text(`${field}.notes`, slide.notes, LIMITS.maxNotesChars, false);
    const bullets = slide.bullets.filter((bullet) => bullet.trim());
    if (bullets.length > LIMITS.maxBullets)
      errors.set(`${field}.bullets`, `At most ${LIMITS.maxBullets} points fit on a slide.`);
    const tooLong = bullets.find((bullet) => [...bullet].length > LIMITS.maxBulletChars);
    if (tooLong !== undefined)
      errors.set(`${field}.bullets`, `A point has at most ${LIMITS.maxBulletChars} characters.`);
    if (slide.labels.some((label) => [...label].length > LIMITS.maxLabelChars))
      errors.set(`${field}.labels`, `A label has at most ${LIMITS.maxLabelChars} characters.`);
    if (slide.number.trim() && !/\p{Nd}/u.test(slide.number))
      errors.set(`${field}.number`, "It must contain a digit.");
    totalNotesChars += [...slide.notes].length;
  });
  if (totalNotesChars > LIMITS.maxTotalNotesChars)
    errors.set("slides", `${totalNotesChars} characters are spoken; ${LIMITS.maxTotalNotesChars} make a film.`);
  return errors;
}

/** The body of PUT /v1/jobs/{id}/deck. */
export function toEditRequest(draft: Draft, filmOptions: FilmOptions, revision: number, release: boolean) {
  const { voice, ...film } = filmOptions;
  return {
    revision,
    deck: normalize(draft),
    options: { ...film, voice: voice || null },
    release,
  };
}

/** The points of a chart as lines such as "Coal: 36". */
export function chartToText(chart: Chart | null): string {
  return chart ? chart.points.map(({ label, value }) => `${label}: ${value}`).join("\n") : "";
}

/** Returns the points of such lines; lines without a number are left out. */
export function chartFromText(text: string, from: Chart | null): Chart | null {
  const points = text.split("\n").flatMap((line) => {
    const match = /^\s*(.+?)\s*:\s*(-?\d+(?:\.\d+)?)\s*$/.exec(line);
    return match ? [{ label: match[1] ?? "", value: Number(match[2]) }] : [];
  });
  return points.length ? { kind: from?.kind ?? "bar", unit: from?.unit ?? "", points } : null;
}

/** Estimated duration of the spoken text in seconds, at 150 words a minute. */
export function estimateSpeechS(text: string, speed: number): number {
  const words = text.trim().split(/\s+/).filter(Boolean).length;
  return (words / 2.5) / (speed || 1);
}

/** Facts about pictures of the video, recorded by earlier stages. */
export interface PictureSources {
  moments?: readonly { time_s: number; emotion: string }[];
  scenes?: readonly { time_s: number }[];
  /** The file names of added pictures, by reference. */
  added?: Readonly<Record<string, string>>;
}

/** The points that can be chosen, by name. */
export const FOCUS_POINTS: ReadonlyMap<string, [number, number]> = new Map(
  ["Top", "Middle", "Bottom"].flatMap((row, y) =>
    ["left", "", "right"].map((column, x): [string, [number, number]] => [
      [row, column].filter(Boolean).join(" "),
      [x / 2, y / 2],
    ]),
  ),
);

/** The name of a point of FOCUS_POINTS; empty for none. */
export function focusName(focus: Slide["focus"]): string {
  if (!focus) return "";
  const found = [...FOCUS_POINTS].find(([, [x, y]]) => x === focus[0] && y === focus[1]);
  return found?.[0] ?? "Another point";
}

/** "moment:2" → "Strongest moment 2: happy at 0:19". */
export function pictureLabel(reference: string, sources: PictureSources = {}): string {
  const [kind = "", rest = ""] = reference.split(":", 2);
  const number = rest.replace(/^picture/, "");
  const index = Number(number) - 1;
  if (kind === "upload") return `Your picture ${number}`;
  if (kind === "moment") {
    const moment = sources.moments?.[index];
    return `Strongest moment ${number}${moment ? `: ${moment.emotion} at ${formatClock(moment.time_s)}` : ""}`;
  }
  if (kind === "scene") {
    const moment = sources.scenes?.[index];
    return moment ? `The video at ${formatClock(moment.time_s)}` : `Scene ${number}`;
  }
  if (kind === "added") return sources.added?.[reference] ?? "A picture that you added";
  if (kind === "chart") return "How the mood moved";
  return "A drawn picture";
}
