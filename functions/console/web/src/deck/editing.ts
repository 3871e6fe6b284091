/** A deck while it is edited: every step gives a new draft, so a page can show and undo it. */
import { clock } from "../words.ts";

export interface Slide {
  id: string;
  heading: string;
  bullets: string[];
  notes: string;
  layout: string;
  picture: string | null;
}

export interface Draft {
  title: string;
  language: string;
  theme: string;
  aspect: string;
  resolution: string;
  slides: Slide[];
}

/** GET /v1/jobs/{id}/deck. */
export interface DeckView extends Draft {
  revision: number;
  current: boolean;
  pictures: string[];
}

/** How the film sounds and moves; an edit may change these along with the deck. */
export interface FilmWishes {
  voice: string;
  speed: number;
  transition: string;
  subtitles: string;
  motion: string;
}

export const THEMES = ["midnight", "paper", "meadow", "ember", "slate", "chalk"];
export const LAYOUTS = ["title", "bullets", "picture", "statement", "chart", "closing"];
/** shared/recipes/films/deck.py. */
export const LIMITS = {
  slidesLeast: 3,
  slidesMost: 40,
  titleChars: 120,
  headingChars: 120,
  bulletsMost: 6,
  bulletChars: 240,
  notesChars: 5_000,
  notesCharsAll: 60_000,
};

export function draftOf(view: DeckView): Draft {
  const { title, language, theme, aspect, resolution } = view;
  const slides = view.slides.map(({ id, heading, bullets, notes, layout, picture }) => ({
    id, heading, bullets: [...bullets], notes, layout, picture,
  }));
  return { title, language, theme, aspect, resolution, slides };
}

export function wishesOf(options: Record<string, unknown>): FilmWishes {
  return {
    voice: String(options.voice ?? ""),
    speed: Number(options.speed ?? 1),
    transition: String(options.transition ?? "cut"),
    subtitles: String(options.subtitles ?? "soft"),
    motion: String(options.motion ?? "none"),
  };
}

/** Whether an edit would change anything. */
export function differs(draft: Draft, from: Draft): boolean {
  return JSON.stringify(clean(draft)) !== JSON.stringify(clean(from));
}

/** As it is sent: while somebody writes, empty points and blanks at ends may stand there. */
function clean(draft: Draft): Draft {
  const slides = draft.slides.map((slide) => ({
    ...slide,
    heading: slide.heading.trim(),
    bullets: slide.bullets.map((one) => one.trim()).filter(Boolean),
    notes: slide.notes.trim(),
  }));
  return { ...draft, title: draft.title.trim(), slides };
}

export function withSlide(draft: Draft, id: string, change: Partial<Slide>): Draft {
  return {
    ...draft,
    slides: draft.slides.map((one) => (one.id === id ? { ...one, ...change } : one)),
  };
}

/** `by` -1 is one earlier, 1 one later; beyond the ends nothing moves. */
export function moved(draft: Draft, id: string, by: number): Draft {
  const from = draft.slides.findIndex((one) => one.id === id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= draft.slides.length) return draft;
  const slides = [...draft.slides];
  slides.splice(to, 0, ...slides.splice(from, 1));
  return { ...draft, slides };
}

export function without(draft: Draft, id: string): Draft {
  if (draft.slides.length <= LIMITS.slidesLeast) return draft;
  return { ...draft, slides: draft.slides.filter((one) => one.id !== id) };
}

/** A blank slide behind the one with `id`; its own id is one that no slide has had. */
export function withNew(draft: Draft, id: string, taken: readonly string[]): Draft {
  if (draft.slides.length >= LIMITS.slidesMost) return draft;
  const ids = new Set([...draft.slides.map((one) => one.id), ...taken]);
  let number = draft.slides.length + 1;
  while (ids.has(`new-${number}`)) number += 1;
  const fresh: Slide = {
    id: `new-${number}`, heading: "", bullets: [], notes: "", layout: "bullets", picture: null,
  };
  const slides = [...draft.slides];
  slides.splice(slides.findIndex((one) => one.id === id) + 1, 0, fresh);
  return { ...draft, slides };
}

/** Where something is wrong ("slides[2].heading") → a sentence. Empty: the deck can be sent. */
export function faults(draft: Draft): Map<string, string> {
  const found = new Map<string, string>();
  const text = (where: string, value: string, most: number, needed: boolean) => {
    const long = [...value].length;
    if (needed && !value.trim()) found.set(where, "Write something here.");
    else if (long > most) found.set(where, `${long - most} characters too many; ${most} fit.`);
  };
  text("title", draft.title, LIMITS.titleChars, true);
  let spoken = 0;
  draft.slides.forEach((slide, n) => {
    const where = `slides[${n}]`;
    text(`${where}.heading`, slide.heading, LIMITS.headingChars, true);
    text(`${where}.notes`, slide.notes, LIMITS.notesChars, false);
    const bullets = slide.bullets.filter((one) => one.trim());
    if (bullets.length > LIMITS.bulletsMost)
      found.set(`${where}.bullets`, `At most ${LIMITS.bulletsMost} points fit on a slide.`);
    const long = bullets.find((one) => [...one].length > LIMITS.bulletChars);
    if (long !== undefined)
      found.set(`${where}.bullets`, `A point has at most ${LIMITS.bulletChars} characters.`);
    spoken += [...slide.notes].length;
  });
  if (spoken > LIMITS.notesCharsAll)
    found.set("slides", `${spoken} characters are spoken; ${LIMITS.notesCharsAll} make a film.`);
  return found;
}

/** PUT /v1/jobs/{id}/deck. */
export function editOf(draft: Draft, wishes: FilmWishes, revision: number, release: boolean) {
  const { voice, ...film } = wishes;
  return {
    revision,
    deck: clean(draft),
    options: { ...film, voice: voice || null },
    release,
  };
}

/** How long it takes to say a text, in seconds: about 150 words a minute. */
export function spokenS(text: string, speed: number): number {
  const words = text.trim().split(/\s+/).filter(Boolean).length;
  return (words / 2.5) / (speed || 1);
}

/** What the stages before the deck recorded of a video's pictures. */
export interface Pictured {
  moments?: readonly { time_s: number; emotion: string }[];
  scenes?: readonly { time_s: number }[];
}

/** "moment:2" → "Strongest moment 2: happy at 0:19". */
export function pictureName(reference: string, known: Pictured = {}): string {
  const [kind = "", rest = ""] = reference.split(":", 2);
  const number = rest.replace(/^picture/, "");
  const place = Number(number) - 1;
  if (kind === "upload") return `Your picture ${number}`;
  if (kind === "moment") {
    const one = known.moments?.[place];
    return `Strongest moment ${number}${one ? `: ${one.emotion} at ${clock(one.time_s)}` : ""}`;
  }
  if (kind === "scene") {
    const one = known.scenes?.[place];
    return one ? `The video at ${clock(one.time_s)}` : `Scene ${number}`;
  }
  if (kind === "chart") return "How the mood moved";
  return "A drawn picture";
}
