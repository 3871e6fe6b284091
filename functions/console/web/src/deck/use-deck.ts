/** Loads the deck of a job and holds the user's draft. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem, get } from "../api.ts";
import type { Job } from "../job/model.ts";
import { setLeavePrompt } from "../location.ts";
import { type DeckView, type Draft, type FilmOptions, draftOf, filmOptionsOf, isChanged } from "./draft.ts";

export interface DeckEditor {
  /** Null while loading, and if the job has no deck. */
  view: DeckView | null;
  draft: Draft | null;
  filmOptions: FilmOptions;
  /** Whether there are unsaved changes. */
  changed: boolean;
  error: unknown;
  /** Ids of the rendered slides, in order, and the generation of their archive. */
  rendered: { ids: string[]; generation: number | undefined };
  setDraft: (draft: Draft) => void;
  setFilmOptions: (filmOptions: FilmOptions) => void;
  /** Records that the draft was saved as this revision. */
  markSaved: (revision: number) => void;
  /** Reloads the deck and discards the draft. */
  discardAndReload: () => Promise<void>;
}

export function useDeck(job: Job): DeckEditor {
  const [view, setView] = useState<DeckView | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [filmOptions, setFilmOptions] = useState<FilmOptions>(() => filmOptionsOf(job.options));
  const [error, setError] = useState<unknown>(null);
  const [rendered, setRendered] = useState<DeckEditor["rendered"]>({ ids: [], generation: undefined });
  const generation = job.artifacts.find((artifact) => artifact.kind === "slides")?.generation;

  const savedOptions = filmOptionsOf(job.options);
  const changed =
    view !== null && draft !== null && (isChanged(draft, draftOf(view)) || !sameOptions(filmOptions, savedOptions));

  const latestDraft = useRef(draft);
  latestDraft.current = draft;
  const lastRequest = useRef(0);

  /** `keepEdits`: does not replace edits made while loading. Saving them then reports the newer deck. */
  const loadDeck = useCallback(async (keepEdits: boolean): Promise<void> => {
    const requestNumber = ++lastRequest.current;
    const draftBefore = latestDraft.current;
    try {
      const { data } = await get<DeckView>(`/v1/jobs/${job.id}/deck`);
      // Responses may arrive out of order: only the last request counts.
      if (requestNumber !== lastRequest.current || (keepEdits && latestDraft.current !== draftBefore)) return;
      setView(data);
      setRendered({ ids: data.slides.map((slide) => slide.id), generation });
      setDraft(draftOf(data));
      setFilmOptions(filmOptionsOf(job.options));
      setError(null);
    } catch (error) {
      if (requestNumber !== lastRequest.current || (error instanceof Problem && error.status === 404)) return;
      setError(error);
    }
  }, [job.id, generation, JSON.stringify(savedOptions)]);
  const discardAndReload = useCallback(() => loadDeck(false), [loadDeck]);

  // A new rendering has a new generation. Unsaved edits are kept.
  useEffect(() => {
    if (generation !== undefined && !changed) void loadDeck(true);
  }, [generation]);

  useEffect(() => {
    if (!changed) return;
    const preventUnload = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", preventUnload);
    setLeavePrompt("Your changes to the slides are not saved. Leave without them?");
    return () => {
      removeEventListener("beforeunload", preventUnload);
      setLeavePrompt("");
    };
  }, [changed]);

  const markSaved = (revision: number): void => {
    if (view && draft) setView({ ...view, ...draft, revision });
  };
  return { view, draft, filmOptions, changed, error, rendered, setDraft, setFilmOptions, markSaved, discardAndReload };
}

const sameOptions = (a: FilmOptions, b: FilmOptions): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
