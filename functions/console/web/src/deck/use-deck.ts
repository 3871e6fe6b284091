/** Loads the deck of a job and holds the user's draft. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem, get } from "../api.ts";
import type { Job } from "../job/model.ts";
import { session } from "../session.ts";
import { useUnsavedWork } from "../ui/use-unsaved-work.ts";
import { type DeckView, type Draft, type FilmOptions, draftOf, filmOptionsOf, isChanged } from "./draft.ts";

import { type DraftHistory, recordEdit, redo, startHistory, undo } from "./draft-history.ts";
import { draftKey, loadDraft, storeDraft } from "./stored-draft.ts";

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
  /** Null when there is nothing to undo or redo. */
  undo: (() => void) | null;
  redo: (() => void) | null;
  /** Whether the draft is one that an earlier visit left unsaved. */
  restored: boolean;
  setFilmOptions: (filmOptions: FilmOptions) => void;
  /** Records that the draft was saved as this revision. */
  markSaved: (revision: number) => void;
  /** Reloads the deck and discards the draft. */
  discardAndReload: () => Promise<void>;
  /** Reloads the deck and keeps the draft, which then replaces the newer deck when it is saved. */
  keepAndReload: () => Promise<void>;
}

export function useDeck(job: Job): DeckEditor {
  const [view, setView] = useState<DeckView | null>(null);
  const [history, setHistory] = useState<DraftHistory | null>(null);
  const [restored, setRestored] = useState(false);
  const draft = history?.present ?? null;
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

  const keyOf = (revision: number): string => draftKey(uidOf(), job.id, revision);
  const loadDeck = useCallback(async (keep: "none" | "edits" | "draft"): Promise<void> => {
    const requestNumber = ++lastRequest.current;
    const draftBefore = latestDraft.current;
    try {
      const { data } = await get<DeckView>(`/v1/jobs/${job.id}/deck`);
      // Responses may arrive out of order: only the last request counts.
      // Edits made while loading are kept. Saving them then reports the newer deck.
      if (requestNumber !== lastRequest.current || (keep === "edits" && latestDraft.current !== draftBefore)) return;
      setView(data);
      setRendered({ ids: data.slides.map((slide) => slide.id), generation });
      setError(null);
      if (keep === "draft") {
        if (latestDraft.current) storeDraft(keyOf(data.revision), latestDraft.current, localStorage);
        return;
      }
      const stored = keep === "edits" ? loadDraft(keyOf(data.revision), localStorage) : null;
      setHistory(startHistory(draftOf(data)));
      if (stored) setHistory((loaded) => loaded && recordEdit(loaded, stored, 0));
      setRestored(stored !== null);
      setFilmOptions(filmOptionsOf(job.options));
    } catch (error) {
      if (requestNumber !== lastRequest.current || (error instanceof Problem && error.status === 404)) return;
      setError(error);
    }
  }, [job.id, generation, JSON.stringify(savedOptions)]);
  const discardAndReload = useCallback(() => {
    if (view) storeDraft(keyOf(view.revision), null, localStorage);
    return loadDeck("none");
  }, [loadDeck, view]);
  const keepAndReload = useCallback(() => loadDeck("draft"), [loadDeck]);

  // A new rendering has a new generation. Unsaved edits are kept.
  useEffect(() => {
    if (generation !== undefined && !changed) void loadDeck("edits");
  }, [generation]);

  useUnsavedWork(changed ? "Your changes to the slides are not saved. Leave without them?" : "");

  /** Stores the draft at once: an effect would come after a reload that follows an edit. */
  const update = (next: DraftHistory): void => {
    setHistory(next);
    if (!view) return;
    const isStored = isChanged(next.present, draftOf(view));
    storeDraft(keyOf(view.revision), isStored ? next.present : null, localStorage);
  };
  const setDraft = (next: Draft): void => {
    if (history) update(recordEdit(history, next, Date.now()));
  };
  const markSaved = (revision: number): void => {
    if (!view || !draft) return;
    storeDraft(keyOf(view.revision), null, localStorage);
    setView({ ...view, ...draft, revision });
    setRestored(false);
  };
  return {
    view,
    draft,
    filmOptions,
    changed,
    error,
    rendered,
    setDraft,
    undo: history?.past.length ? () => update(undo(history)) : null,
    redo: history?.future.length ? () => update(redo(history)) : null,
    restored,
    setFilmOptions,
    markSaved,
    discardAndReload,
    keepAndReload,
  };
}

function uidOf(): string {
  const current = session.get();
  return typeof current === "object" ? current.uid : "";
}

const sameOptions = (a: FilmOptions, b: FilmOptions): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
