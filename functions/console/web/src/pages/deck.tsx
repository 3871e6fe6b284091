/** The deck's editor: slides, notes and look; what is saved is drawn, and becomes a film. */
import { useState } from "preact/hooks";
import { Problem, ask, post } from "../api.ts";
import { type Draft, type Pictured, type Slide, editOf, faults, withSlide } from "../deck/editing.ts";
import { LookForm } from "../deck/look-form.tsx";
import { Outline, SlidePicture, shapeOf } from "../deck/outline.tsx";
import { Rewrite, SlideForm } from "../deck/slide-form.tsx";
import { type Editing, useDeck } from "../deck/use-deck.ts";
import { useArchive } from "../frames/use-archive.ts";
import { type Job, artefact, share } from "../job/model.ts";
import { NoJob } from "../job/no-job.tsx";
import { useJob } from "../job/use-job.ts";
import { stageName } from "../job/words.ts";
import { navigate } from "../location.ts";
import type { PageProps } from "../routes.ts";
import { useTitle } from "../ui/use-title.ts";
import { Button } from "../ui/button.tsx";
import { Progress, Waiting } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { sentence } from "../words.ts";

export default function DeckPage({ params }: PageProps) {
  const id = params.id ?? "";
  return <Known key={id} id={id} />;
}

function Known({ id }: { id: string }) {
  const { job } = useJob(id);
  useTitle(job ? `Slides of ${job.title}` : "Slides");
  if (job === undefined) return <Waiting words="Opening the slides …" />;
  if (job === null) return <NoJob />;
  return <Editor job={job} />;
}

function Editor({ job }: { job: Job }) {
  const editing = useDeck(job);
  const { view, draft } = editing;
  const writing = job.status === "running" || job.status === "awaiting_upload";
  if (editing.wrong)
    return (
      <section class="narrow">
        <h1>The slides could not be loaded</h1>
        <p>{sentence(editing.wrong)}</p>
        <Button kind="primary" onClick={() => void editing.reload()}>
          Load them again
        </Button>
      </section>
    );
  if (!view || !draft) {
    if (writing) return <Waiting words="The slides are being written …" />;
    const drawn = job.artefacts.some((one) => one.kind === "slides");
    return drawn ? <Waiting words="Opening the slides …" /> : <NoDeck job={job} />;
  }
  return <Slides job={job} editing={editing} draft={draft} />;
}

function NoDeck({ job }: { job: Job }) {
  return (
    <section class="narrow">
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

interface SlidesProps {
  job: Job;
  editing: Editing;
  draft: Draft;
}

function Slides({ job, editing, draft }: SlidesProps) {
  const { view, wishes, changed, setDraft, setWishes } = editing;
  const [chosen, setChosen] = useState(draft.slides[0]?.id ?? "");
  const [busy, setBusy] = useState("");
  const [refused, setRefused] = useState<Problem | null>(null);
  const pictures = artefact(job, "slides.zip");
  const opened = useArchive(job.id, pictures);
  const drawn = editing.drawn.ids;
  // Newer pictures wait for the order in which they lie there.
  const archive = pictures?.generation === editing.drawn.generation ? opened.archive : null;
  const wrong = faults(draft);
  const place = Math.max(0, draft.slides.findIndex((one) => one.id === chosen));
  const slide = draft.slides[place] as Slide;
  const moving = job.status === "running";
  const told = (where: string): string | undefined => wrong.get(where) ?? refused?.fields[`deck.${where}`];

  const act = async (words: string, work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(words);
    setRefused(null);
    try {
      await work();
      return true;
    } catch (fault) {
      if (fault instanceof Problem) setRefused(fault);
      else toast(sentence(fault), true);
      return false;
    } finally {
      setBusy("");
    }
  };
  const save = async (release: boolean): Promise<void> => {
    const body = editOf(draft, wishes, view?.revision ?? 0, release);
    const done = await act(release ? "Starting …" : "Saving …", async () => {
      const { data } = await ask<{ revision: number }>("PUT", `/v1/jobs/${job.id}/deck`, { body });
      editing.saved(data.revision);
    });
    if (done && release) navigate(`/jobs/${job.id}`);
    else if (done) toast("Saved. The slides that changed are drawn anew.");
  };
  const release = async (): Promise<void> => {
    if (await act("Starting …", () => post(`/v1/jobs/${job.id}/deck/release`))) navigate(`/jobs/${job.id}`);
  };
  const rewrite = (wish: string): void => {
    const body = { revision: view?.revision ?? 0, wish: wish || null };
    void act("Asking …", () => post(`/v1/jobs/${job.id}/deck/slides/${slide.id}/rewrite`, body));
  };
  const change = (one: Partial<Slide>): void => setDraft(withSlide(draft, slide.id, one));
  const obstacle = obstacleOf(job, changed, drawn.includes(slide.id));

  return (
    <article class="deck">
      <header class="job-head">
        <p class="hint">
          <a href="/">Jobs</a> / <a href={`/jobs/${job.id}`}>{job.title}</a> / Slides
        </p>
        <div class="row between">
          <h1>{draft.title || "Without a title"}</h1>
          <div class="row">
            {changed && (
              <Button busy={busy} disabled={moving || wrong.size > 0} onClick={() => void save(false)}>
                Save and draw
              </Button>
            )}
            {changed ? (
              <Button kind="primary" busy={busy} disabled={moving || wrong.size > 0} onClick={() => void save(true)}>
                Save and make the film
              </Button>
            ) : (
              job.status === "awaiting_review" && (
                <Button kind="primary" busy={busy} onClick={() => void release()}>
                  Make the film
                </Button>
              )
            )}
          </div>
        </div>
        <Standing job={job} changed={changed} wrong={wrong} />
      </header>
      {refused && <Refused problem={refused} onReload={() => void editing.reload().then(() => setRefused(null))} />}
      <div class="deck-room">
        <Outline
          draft={draft}
          archive={archive}
          drawn={drawn}
          chosen={slide.id}
          wrongAt={(n) => [...wrong.keys()].some((where) => where.startsWith(`slides[${n}]`))}
          onChoose={setChosen}
          onChange={setDraft}
        />
        <section class="slide" aria-label={`Slide ${place + 1}`}>
          <SlidePicture archive={archive} drawn={drawn} slide={slide} shape={shapeOf(draft)} />
          <SlideForm
            slide={slide}
            pictures={view?.pictures ?? []}
            pictured={(job.facts.emotion_scoring ?? {}) as Pictured}
            speed={wishes.speed}
            wrong={(field) => told(`slides[${place}].${field}`)}
            onChange={change}
          />
          <Rewrite slide={slide} obstacle={obstacle} busy={busy} onWish={rewrite} />
        </section>
        <section class="look" aria-labelledby="look">
          <h2 id="look">The whole film</h2>
          <LookForm
            draft={draft}
            wishes={wishes}
            wrong={(field) => told(field) ?? refused?.fields[field]}
            onDraft={setDraft}
            onWishes={setWishes}
          />
        </section>
      </div>
    </article>
  );
}

function obstacleOf(job: Job, changed: boolean, known: boolean): string {
  if (job.status === "running") return "Wait until the slides are drawn.";
  if (job.status === "cancelled") return "The job is cancelled; begin a new one.";
  if (!known || changed) return "Save your changes first.";
  return "";
}

interface StandingProps {
  job: Job;
  changed: boolean;
  wrong: Map<string, string>;
}

/** One line of fixed height, so that nothing moves when it says something else. */
function Standing({ job, changed, wrong }: StandingProps) {
  const stage = job.stages.find((one) => one.state === "running" || one.state === "queued");
  if (job.status === "running")
    return (
      <Progress
        part={share(job)}
        label="The whole job"
        words={stage ? `${stageName(stage.name)} · ${Math.floor(share(job) * 100)} %` : "Working"}
      />
    );
  if (job.status === "failed" && job.error)
    return (
      <p class="wrong standing" role="status">
        {job.error.message} Change what stands in the way and save, or <a href={`/jobs/${job.id}`}>look at the job</a>.
      </p>
    );
  const many = wrong.size;
  return (
    <p class="hint standing" role="status">
      {many > 0
        ? `${many === 1 ? "One thing is" : `${many} things are`} to be mended before it can be saved: ${[...wrong.values()][0]}`
        : changed
          ? "You have changes that are not saved."
          : job.status === "awaiting_review"
            ? "Everything is saved and drawn. The film is made when you say so."
            : "Everything is saved. Change something and save it, and the film is made anew."}
    </p>
  );
}

function Refused({ problem, onReload }: { problem: Problem; onReload: () => void }) {
  const fields = Object.values(problem.fields);
  return (
    <section class="note bad" role="alert">
      <p>{problem.message}</p>
      {fields.length > 0 && (
        <ul>
          {fields.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
      {problem.code === "deck-changed" && (
        <Button onClick={onReload}>Load the newer deck and give up my changes</Button>
      )}
    </section>
  );
}
