/** One job: header, and tabs for its result, files, run and settings. */
import { useRef, useEffect } from "preact/hooks";
import { preloadFirestore } from "../firestore.ts";
import { Files } from "../job/files/files.tsx";
import { JobHeader } from "../job/header/header.tsx";
import { JobNotFound } from "../job/job-not-found.tsx";
import { statusLabel } from "../job/labels.ts";
import { type Job, progressOf } from "../job/model.ts";
import { Result } from "../job/result/result.tsx";
import { Run } from "../job/run/run.tsx";
import { Settings } from "../job/settings/settings.tsx";
import { type JobTab, useJobTab } from "../job/tabs.ts";
import { useJob } from "../job/use-job.ts";
import type { PageProps } from "../routes.ts";
import { Loading } from "../ui/progress.tsx";
import { type Tab, TabPanel, Tabs } from "../ui/tabs.tsx";
import { useTitle } from "../ui/use-title.ts";

preloadFirestore();

export default function JobPage({ params }: PageProps) {
  const id = params.id ?? "";
  // The key resets the state when the id changes.
  return <JobLoader key={id} id={id} />;
}

function JobLoader({ id }: { id: string }) {
  const { job, isLive } = useJob(id);
  useTitle(job ? pageTitle(job) : job === null ? "No such job" : "Job");
  if (job === undefined) return <Loading text="Loading the job …" />;
  if (job === null) return <JobNotFound />;
  return <JobDetails job={job} isLive={isLive} />;
}

/** The title begins with what changes, for a browser tab in the background. */
function pageTitle(job: Job): string {
  return job.status === "running"
    ? `${Math.floor(progressOf(job) * 100)} % · ${job.title}`
    : `${statusLabel(job.status)} · ${job.title}`;
}

const TABS_ID = "job";

function JobDetails({ job, isLive }: { job: Job; isLive: boolean }) {
  const [selected, select] = useJobTab();
  const fileCount = job.artifacts.length + job.inputs.length;
  const tabs: readonly Tab<JobTab>[] = [
    { name: "result", label: "Result" },
    { name: "files", label: <>Files {fileCount > 0 && <span class="count">{fileCount}</span>}</> },
    { name: "run", label: "Run" },
    { name: "settings", label: "Settings" },
  ];
  return (
    <article class="job">
      <JobHeader job={job} />
      <Tabs id={TABS_ID} label="Views of the job" tabs={tabs} selected={selected} onSelect={select} />
      <ResultPanel job={job} isSelected={selected === "result"} />
      {selected === "files" && (
        <TabPanel id={TABS_ID} name="files">
          <Files job={job} />
        </TabPanel>
      )}
      {selected === "run" && (
        <TabPanel id={TABS_ID} name="run">
          <Run job={job} isLive={isLive} />
        </TabPanel>
      )}
      <SettingsPanel job={job} isSelected={selected === "settings"} />
    </article>
  );
}

/** Once shown, the result stays in the page: it is not loaded again, and its position is kept. */
function ResultPanel({ job, isSelected }: { job: Job; isSelected: boolean }) {
  const wasSelected = useWasTrue(isSelected);
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isSelected) for (const video of panel.current?.querySelectorAll("video") ?? []) video.pause();
  }, [isSelected]);
  if (!wasSelected) return null;
  return (
    <div ref={panel} hidden={!isSelected}>
      <TabPanel id={TABS_ID} name="result">
        <Result job={job} />
      </TabPanel>
    </div>
  );
}

/** Once shown, the settings stay in the page: edits that are not saved are kept. */
function SettingsPanel({ job, isSelected }: { job: Job; isSelected: boolean }) {
  const wasSelected = useWasTrue(isSelected);
  if (!wasSelected) return null;
  return (
    <TabPanel id={TABS_ID} name="settings" hidden={!isSelected}>
      <Settings job={job} isShown={isSelected} />
    </TabPanel>
  );
}

/** Whether a condition is or was true. */
function useWasTrue(condition: boolean): boolean {
  const wasTrue = useRef(condition);
  wasTrue.current ||= condition;
  return wasTrue.current;
}
