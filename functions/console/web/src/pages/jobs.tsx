/** The jobs of who is signed in, newest first, as they are this moment. */
import { useState } from "preact/hooks";
import { JobRow } from "../jobs/row.tsx";
import { FILTERS, type Filter, filterOf, fits } from "../jobs/filters.ts";
import { jobOf } from "../job/model.ts";
import { useNewest } from "../live.ts";
import { Picture } from "../new/pictures.tsx";
import { RECIPES } from "../new/recipes.ts";
import { address } from "../location.ts";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Uploads } from "../upload/rows.tsx";

const PAGE = 30;
/** As high as a listener of the ledger is let. */
const MOST = 300;

export function Jobs({ uid }: { uid: string }) {
  const [most, setMost] = useState(PAGE);
  const shown = filterOf(new URL(useStore(address), location.origin).searchParams.get("show"));
  const { value: rows, lost } = useNewest(uid, most);
  const jobs = (rows ?? []).map((row) => jobOf(row.id, row.data, [])).filter((job) => job !== null);
  const fitting = jobs.filter((job) => fits(job, shown));
  const more = rows !== undefined && rows.length === most && most < MOST;

  if (rows !== undefined && !jobs.length && !more) return <Empty />;
  return (
    <section class="jobs">
      <div class="row between">
        <h1>Jobs</h1>
        <a class="button primary" href="/new">
          New job
        </a>
      </div>
      <Uploads />
      <nav class="filters" aria-label="Which jobs">
        {FILTERS.map(([name, label]) => (
          <a href={name === "all" ? "/" : `/?show=${name}`} aria-current={name === shown ? "true" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      {lost && (
        <p class="wrong" role="alert">
          Nothing new is heard of just now ({lost}). Look at your connection, then load the page again.
        </p>
      )}
      {rows === undefined && !lost ? (
        <Skeleton />
      ) : fitting.length ? (
        <ul class="job-list">
          {fitting.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
        </ul>
      ) : (
        rows !== undefined && <p class="none">{more ? `None of your newest ${most} jobs is among these. Older ones may be.` : noneOf(shown)}</p>
      )}
      {more && (
        <p>
          <Button onClick={() => setMost(Math.min(MOST, most * 2))}>Show older jobs</Button>
        </p>
      )}
    </section>
  );
}

const NONE: Readonly<Record<Filter, string>> = {
  all: "There is nothing here yet.",
  working: "Nothing is under way. What you begin shows up here and moves by itself.",
  yours: "Nothing waits for you. Decks that you wanted to edit, and jobs without their file, show up here.",
  done: "Nothing is done yet.",
  failed: "Nothing failed.",
};

const noneOf = (shown: Filter): string => NONE[shown];

/** Space for what is on its way, and words for who does not see it. */
function Skeleton() {
  return (
    <div role="status">
      <span class="unseen">Getting your jobs …</span>
      <ul class="job-list" aria-hidden="true">
        {[1, 2, 3, 4].map((one) => (
          <li key={one} class="job-row ghost">
            <span class="thumb" />
            <span class="job-what">Getting your jobs …</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Empty() {
  return (
    <section class="new">
      <h1>Make your first job</h1>
      <p class="lead">A job is one thing made out of one upload. Choose what shall become of it.</p>
      <ul class="recipes">
        {RECIPES.map((one) => (
          <li key={one.name}>
            <a href={`/new/${one.name}`}>
              <Picture recipe={one.name} />
              <strong>{one.title}</strong>
              <span>{one.sentence}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
