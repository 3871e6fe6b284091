/** Deck editor: slides, notes and film options. Saving renders the slides again. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, post, request } from "../api.ts";
import {
  type Draft,
  type PictureSources,
  type Slide,
  addPictureTo,
  toEditRequest,
  updateSlide,
  validateDraft,
  withoutEmptyFields,
} from "../deck/draft.ts";
import { FilmOptionsForm } from "../deck/film-options-form.tsx";
import { Outline, SlidePicture, aspectRatioOf } from "../deck/outline.tsx";
import { RewriteForm, SlideForm } from "../deck/slide-form.tsx";
import { type DeckEditor, useDeck } from "../deck/use-deck.ts";
import { useArchive } from "../frames/use-archive.ts";
import { type Job, findArtifact, progressOf } from "../job/model.ts";
import { downloadResult } from "../job/links.ts";
import { JobNotFound } from "../job/job-not-found.tsx";
import { useJob } from "../job/use-job.ts";
import { stageLabel, statusLabel } from "../job/labels.ts";
import { navigate } from "../location.ts";
import type { PageProps } from "../routes.ts";
import { useTitle } from "../ui/use-title.ts";
import { Button } from "../ui/button.tsx";
import { Loading, Progress } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { errorMessage } from "../format.ts";

export default function DeckPage({ params }: PageProps) {
  const id = params.id ?? "";
  return <DeckLoader key={id} id={id} />;
}

function DeckLoader({ id }: { id: string }) {
  const { job } = useJob(id);
  useTitle(job ? `Slides of ${job.title}` : "Slides");
  if (job === undefined) return <Loading text="Opening the slides …" />;
  if (job === null) return <JobNotFound />;
  return <DeckState job={job} />;
}

function DeckState({ job }: { job: Job }) {
  const editor = useDeck(job);
  const { view, draft } = editor;
  const inProgress = job.status === "queued" || job.status === "running" || job.status === "awaiting_upload";
  if (editor.error)
    return (
      <section class="single-column">
        <h1>The slides could not be loaded</h1>
        <p>{errorMessage(editor.error)}</p>
        <Button kind="primary" onClick={() => void editor.discardAndReload()}>
          Load them again
        </Button>
      </section>
    );
  if (!view || !draft) {
    if (inProgress) return <Loading text="The slides are being written …" />;
    const hasSlides = job.artifacts.some((artifact) => artifact.kind === "slides");
    return hasSlides ? <Loading text="Opening the slides …" /> : <NoDeck job={job} />;
  }
  return <SlideEditor job={job} editor={editor} draft={draft} />;
}

function NoDeck({ job }: { job: Job }) {
  return (
    <section class="single-column">
      <h1>This job has no slides</h1>
      <p>Presentations and recaps are made of slides, and only once these are written.</p>
      <p>
        <a class="button primary" href={`/jobs/${job.id}`}>
          To the job
        </a>
      </p>
    </section>
  );
}

interface SlideEditorProps {
  job: Job;
  editor: DeckEditor;
  draft: Draft;
}

function SlideEditor({ job, editor, draft }: SlideEditorProps) {
  const { view, filmOptions, changed, setDraft, setFilmOptions } = editor;
  const [selectedId, setSelectedId] = useState(draft.slides[0]?.id ?? "");
  const [busyLabel, setBusyLabel] = useState("");
  /** The file names of pictures that were uploaded since the deck was loaded. */
  const [addedPictures, setAddedPictures] = useState<Readonly<Record<string, string>>>({});
  const [rejection, setRejection] = useState<Problem | null>(null);
  /** Whether an empty field is reported: only once the user wants to save. */
  const [showsAllErrors, setShowsAllErrors] = useState(false);
  useUndoKeys(editor);
  const pictures = findArtifact(job, "slides.zip");
  const archiveState = useArchive(job.id, pictures);
  const renderedIds = editor.rendered.ids;
  // A newer archive is shown only together with its order of slides.
  const archive = pictures?.generation === editor.rendered.generation ? archiveState.archive : null;
  const allErrors = validateDraft(draft);
  const draftErrors = showsAllErrors ? allErrors : withoutEmptyFields(allErrors);
  const slideIndex = Math.max(
    0,
    draft.slides.findIndex((slide) => slide.id === selectedId),
  );
  const slide = draft.slides[slideIndex] as Slide;
  const isRunning = isUnderWay(job);
  const errorAt = (field: string): string | undefined =>
    draftErrors.get(field) ?? rejection?.fieldErrors[`deck.${field}`];

  const runAction = async (label: string, action: () => Promise<unknown>): Promise<boolean> => {
    setBusyLabel(label);
    setRejection(null);
    try {
      await action();
      return true;
    } catch (error) {
      if (error instanceof Problem) setRejection(error);
      else toast(errorMessage(error), true);
      return false;
    } finally {
      setBusyLabel("");
    }
  };
  const save = async (andRelease: boolean): Promise<void> => {
    setShowsAllErrors(allErrors.size > 0);
    if (allErrors.size) {
      const faulty = draft.slides.find((_, index) => hasErrorAt(allErrors, index));
      if (faulty) setSelectedId(faulty.id);
      return;
    }
    const body = toEditRequest(draft, filmOptions, view?.revision ?? 0, andRelease);
    const succeeded = await runAction(andRelease ? "Starting …" : "Saving …", async () => {
      const { data } = await request<{ revision: number }>("PUT", `/v1/jobs/${job.id}/deck`, { body });
      editor.markSaved(data.revision);
    });
    if (succeeded && andRelease) navigate(`/jobs/${job.id}`);
    else if (succeeded) toast("Saved. The slides that changed are drawn anew.");
  };
  const release = async (): Promise<void> => {
    if (await runAction("Starting …", () => post(`/v1/jobs/${job.id}/deck/release`))) navigate(`/jobs/${job.id}`);
  };
  const rewrite = (instruction: string): void => {
    const body = { revision: view?.revision ?? 0, instruction: instruction || null };
    void runAction("Asking …", () => post(`/v1/jobs/${job.id}/deck/slides/${slide.id}/rewrite`, body));
  };
  // An upload ends later: its picture must not undo what was edited meanwhile.
  const addToLatest = useRef((_id: string, _picture: string): void => undefined);
  addToLatest.current = (id, picture) => setDraft(addPictureTo(draft, id, picture));
  const updateCurrent = (changes: Partial<Slide>): void => setDraft(updateSlide(draft, slide.id, changes));
  const disabledReason = disabledReasonOf(job, changed, renderedIds.includes(slide.id));

  return (
    <article class="deck">
      <header class="job-header">
        <p class="hint">
          <a href="/">Jobs</a> / <a href={`/jobs/${job.id}`}>{job.title}</a> / Slides
        </p>
        <div class="row between">
          <h1>{draft.title || "Without a title"}</h1>
          <div class="row">
            <Button kind="quiet" disabled={!editor.undo} onClick={() => editor.undo?.()}>
              Undo
            </Button>
            <Button kind="quiet" disabled={!editor.redo} onClick={() => editor.redo?.()}>
              Redo
            </Button>
            {changed && (
              <Button
                busyLabel={busyLabel}
                disabled={isRunning || draftErrors.size > 0}
                onClick={() => void save(false)}
              >
                Save and draw
              </Button>
            )}
            {changed ? (
              <Button
                kind="primary"
                busyLabel={busyLabel}
                disabled={isRunning || draftErrors.size > 0}
                onClick={() => void save(true)}
              >
                Save and make the film
              </Button>
            ) : (
              job.status === "awaiting_review" && (
                <Button kind="primary" busyLabel={busyLabel} onClick={() => void release()}>
                  Make the film
                </Button>
              )
            )}
          </div>
        </div>
        <EditStatus job={job} changed={changed} draftErrors={draftErrors} />
        <Documents job={job} changed={changed} />
      </header>
      {editor.restored && changed && (
        <section class="note" role="status">
          <p>Changes from your last visit were restored. They are not saved yet.</p>
          <Button onClick={() => void editor.discardAndReload()}>Discard them</Button>
        </section>
      )}
      {rejection && (
        <RejectionNote
          problem={rejection}
          onDiscard={() => void editor.discardAndReload().then(() => setRejection(null))}
          onKeep={() => void editor.keepAndReload().then(() => setRejection(null))}
        />
      )}
      <div class="deck-editor">
        <Outline
          draft={draft}
          archive={archive}
          renderedIds={renderedIds}
          selectedId={slide.id}
          hasErrorAt={(index) => hasErrorAt(draftErrors, index)}
          onSelect={setSelectedId}
          onChange={setDraft}
        />
        <section class="slide" aria-label={`Slide ${slideIndex + 1}`}>
          <SlidePicture archive={archive} renderedIds={renderedIds} slide={slide} aspectRatio={aspectRatioOf(draft)} />
          <SlideForm
            jobId={job.id}
            slide={slide}
            pictures={[...new Set([...(view?.pictures ?? []), ...Object.keys(addedPictures)])]}
            pictureSources={{ ...(job.facts.emotion_scoring as PictureSources), added: { ...view?.added_pictures, ...addedPictures } }}
            speed={filmOptions.speed}
            errorOf={(field) => errorAt(`slides[${slideIndex}].${field}`)}
            onChange={updateCurrent}
            onAdded={(id, picture, filename) => {
              setAddedPictures((before) => ({ ...before, [picture]: filename }));
              addToLatest.current(id, picture);
            }}
          />
          <RewriteForm slide={slide} disabledReason={disabledReason} busyLabel={busyLabel} onRewrite={rewrite} />
        </section>
        <section class="film-options" aria-labelledby="look">
          <h2 id="look">The whole film</h2>
          <FilmOptionsForm
            draft={draft}
            filmOptions={filmOptions}
            errorOf={(field) => errorAt(field) ?? rejection?.fieldErrors[field]}
            onDraftChange={setDraft}
            onFilmOptions={setFilmOptions}
          />
        </section>
      </div>
    </article>
  );
}

const hasErrorAt = (errors: ReadonlyMap<string, string>, index: number): boolean =>
  [...errors.keys()].some((field) => field.startsWith(`slides[${index}]`));

/** Ctrl+Z and Ctrl+Shift+Z. The fields are controlled, so that the browser's own undo does not work in them. */
function useUndoKeys({ undo, redo }: DeckEditor): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      (event.shiftKey ? redo : undo)?.();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [undo, redo]);
}

/** Whether the job runs, or waits until fewer of its owner's jobs do. */
const isUnderWay = ({ status }: Job): boolean => status === "queued" || status === "running";

function disabledReasonOf(job: Job, changed: boolean, rendered: boolean): string {
  if (isUnderWay(job)) return "Wait until the slides are drawn.";
  if (job.status === "cancelled") return "The job is cancelled; begin a new one.";
  if (!rendered || changed) return "Save your changes first.";
  return "";
}

/** Downloads of the slides as documents: of the state that was saved and drawn. */
function Documents({ job, changed }: { job: Job; changed: boolean }) {
  const documents = job.artifacts.filter((artifact) => artifact.kind === "document");
  if (!documents.length) return null;
  const download = (name: string): void =>
    void downloadResult(job.id, name).catch((error: unknown) => toast(errorMessage(error), true));
  return (
    <p class="row documents">
      {documents.map(({ name }) => (
        <Button key={name} kind="quiet" onClick={() => download(name)}>
          {name.endsWith(".pdf") ? "Download as PDF" : "Download for PowerPoint"}
        </Button>
      ))}
      {changed && <span class="hint">Without the changes that are not saved.</span>}
    </p>
  );
}

interface EditStatusProps {
  job: Job;
  changed: boolean;
  draftErrors: ReadonlyMap<string, string>;
}

/** One line of fixed height, so that the layout does not shift. */
function EditStatus({ job, changed, draftErrors }: EditStatusProps) {
  const stage = job.stages.find((stage) => stage.state === "running" || stage.state === "queued");
  if (job.status === "queued")
    return (
      <p class="edit-status" role="status">
        {statusLabel(job.status)}
      </p>
    );
  if (job.status === "running")
    return (
      <Progress
        value={progressOf(job)}
        label="The whole job"
        text={stage ? `${stageLabel(stage.name)} · ${Math.floor(progressOf(job) * 100)} %` : "Working"}
      />
    );
  if (job.status === "failed" && job.error)
    return (
      <p class="error-text edit-status" role="status">
        {job.error.message} Change what stands in the way and save, or <a href={`/jobs/${job.id}`}>look at the job</a>.
      </p>
    );
  const errorCount = draftErrors.size;
  return (
    <p class="hint edit-status" role="status">
      {errorCount > 0
        ? `${errorCount === 1 ? "One thing is" : `${errorCount} things are`} to be mended before it can be saved: ${[...draftErrors.values()][0]}`
        : changed
          ? "You have changes that are not saved."
          : job.status === "awaiting_review"
            ? "Everything is saved and drawn. The film is made when you say so."
            : "Everything is saved. Change something and save it, and the film is made anew."}
    </p>
  );
}

interface RejectionNoteProps {
  problem: Problem;
  onDiscard: () => void;
  onKeep: () => void;
}

function RejectionNote({ problem, onDiscard, onKeep }: RejectionNoteProps) {
  const messages = Object.values(problem.fieldErrors);
  return (
    <section class="note danger" role="alert">
      <p>{problem.message}</p>
      {messages.length > 0 && (
        <ul>
          {messages.map((message) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      )}
      {problem.code === "deck-changed" && (
        <p class="row">
          <Button onClick={onKeep}>Keep my changes</Button>
          <Button kind="quiet" onClick={onDiscard}>
            Load the newer deck
          </Button>
        </p>
      )}
    </section>
  );
}
