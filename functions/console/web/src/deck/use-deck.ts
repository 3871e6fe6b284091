/** The deck of a job as it was drawn last, and the draft that a person makes of it. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem, get } from "../api.ts";
import type { Job } from "../job/model.ts";
import { setLeavePrompt } from "../location.ts";
import { type DeckView, type Draft, type FilmOptions, isChanged, draftOf, filmOptionsOf } from "./draft.ts";

export interface DeckEditor {
  /** Null while it is read, or where there is none yet. */
  view: DeckView | null;
  draft: Draft | null;
  filmOptions: FilmOptions;
  /** Whether something would be lost if the page were left. */
  changed: boolean;
  error: unknown;
  /** The slides of which there are pictures, in their order, and the archive that holds these. */
  rendered: { ids: string[]; generation: number | undefined };
  setDraft: (draft: Draft) => void;
  setFilmOptions: (filmOptions: FilmOptions) => void;
  /** The draft was saved as this revision. */
  markSaved: (revision: number) => void;
  /** Read it again; what was changed here is given up. */
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

  /** `yielding`: what is written meanwhile stays, and saving it says that there is a newer deck. */
  const loadDeck = useCallback(async (keepEdits: boolean): Promise<void> => {
    const requestNumber = ++lastRequest.current;
    const draftBefore = latestDraft.current;
    try {
      const { data } = await get<DeckView>(`/v1/jobs/${job.id}/deck`);
      // Answers may overtake each other: the one that was asked for last counts.
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

  // A deck that was drawn is another archive. What a person is writing is not taken away for it.
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
