/** The deck of a job as it was drawn last, and the draft that a person makes of it. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem, get } from "../api.ts";
import type { Job } from "../job/model.ts";
import { askBeforeLeaving } from "../location.ts";
import { type DeckView, type Draft, type FilmWishes, differs, draftOf, wishesOf } from "./editing.ts";

export interface Editing {
  /** Null while it is read, or where there is none yet. */
  view: DeckView | null;
  draft: Draft | null;
  wishes: FilmWishes;
  /** Whether something would be lost if the page were left. */
  changed: boolean;
  wrong: unknown;
  /** The slides of which there are pictures, in their order, and the archive that holds these. */
  drawn: { ids: string[]; generation: number | undefined };
  setDraft: (draft: Draft) => void;
  setWishes: (wishes: FilmWishes) => void;
  /** The draft was saved as this revision. */
  saved: (revision: number) => void;
  /** Read it again; what was changed here is given up. */
  reload: () => Promise<void>;
}

export function useDeck(job: Job): Editing {
  const [view, setView] = useState<DeckView | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [wishes, setWishes] = useState<FilmWishes>(() => wishesOf(job.options));
  const [wrong, setWrong] = useState<unknown>(null);
  const [drawn, setDrawn] = useState<Editing["drawn"]>({ ids: [], generation: undefined });
  const generation = job.artefacts.find((one) => one.kind === "slides")?.generation;

  const told = wishesOf(job.options);
  const changed =
    view !== null && draft !== null && (differs(draft, draftOf(view)) || !alike(wishes, told));

  const written = useRef(draft);
  written.current = draft;
  const asked = useRef(0);

  /** `yielding`: what is written meanwhile stays, and saving it says that there is a newer deck. */
  const read = useCallback(async (yielding: boolean): Promise<void> => {
    const mine = ++asked.current;
    const before = written.current;
    try {
      const { data } = await get<DeckView>(`/v1/jobs/${job.id}/deck`);
      // Answers may overtake each other: the one that was asked for last counts.
      if (mine !== asked.current || (yielding && written.current !== before)) return;
      setView(data);
      setDrawn({ ids: data.slides.map((one) => one.id), generation });
      setDraft(draftOf(data));
      setWishes(wishesOf(job.options));
      setWrong(null);
    } catch (fault) {
      if (mine !== asked.current || (fault instanceof Problem && fault.status === 404)) return;
      setWrong(fault);
    }
  }, [job.id, generation, JSON.stringify(told)]);
  const reload = useCallback(() => read(false), [read]);

  // A deck that was drawn is another archive. What a person is writing is not taken away for it.
  useEffect(() => {
    if (generation !== undefined && !changed) void read(true);
  }, [generation]);

  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", ask);
    askBeforeLeaving("Your changes to the slides are not saved. Leave without them?");
    return () => {
      removeEventListener("beforeunload", ask);
      askBeforeLeaving("");
    };
  }, [changed]);

  const saved = (revision: number): void => {
    if (view && draft) setView({ ...view, ...draft, revision });
  };
  return { view, draft, wishes, changed, wrong, drawn, setDraft, setWishes, saved, reload };
}

const alike = (one: FilmWishes, other: FilmWishes): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
