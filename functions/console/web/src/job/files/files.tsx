/** The inputs and artifacts of a job, with what is known about them. */
import { useState } from "preact/hooks";
import { Button } from "../../ui/button.tsx";
import { useAction } from "../../ui/use-submit.ts";
import { formatBytes } from "../../format.ts";
import { groupResults, inputLabel, resultLabel } from "../labels.ts";
import { downloadInput, downloadResult } from "../links.ts";
import type { Artifact, Input, Job } from "../model.ts";
import { inputFacts } from "./file-facts.ts";
import { ShareDialog } from "./share-dialog.tsx";

export function Files({ job }: { job: Job }) {
  const [sharing, setSharing] = useState<Artifact | null>(null);
  const { primary, secondary } = groupResults(job.artifacts);
  const rows = (artifacts: Artifact[]) =>
    artifacts.map((artifact) => (
      <ResultRow key={artifact.name} job={job.id} artifact={artifact} onShare={() => setSharing(artifact)} />
    ));
  return (
    <>
      <section aria-labelledby="downloads">
        <h2 id="downloads">Downloads</h2>
        {job.artifacts.length === 0 && <p class="hint">There are no results yet.</p>}
        <ul class="job-files">{rows(primary)}</ul>
        {secondary.length > 0 && (
          <>
            <h3>Data and pictures</h3>
            <ul class="job-files">{rows(secondary)}</ul>
          </>
        )}
      </section>
      <section aria-labelledby="inputs">
        <h2 id="inputs">Inputs</h2>
        {job.inputs.length === 0 && <p class="hint">This job has no inputs.</p>}
        <ul class="job-files">
          {job.inputs.map((input) => (
            <InputRow key={input.name} job={job} input={input} />
          ))}
        </ul>
      </section>
      {sharing && <ShareDialog job={job} artifact={sharing} onClose={() => setSharing(null)} />}
    </>
  );
}

function ResultRow({ job, artifact, onShare }: { job: string; artifact: Artifact; onShare: () => void }) {
  const { busyLabel, run } = useAction();
  return (
    <FileRow
      title={resultLabel(artifact)}
      facts={[artifact.name, artifact.content_type]}
      sizeBytes={artifact.size_bytes}
    >
      <Button busyLabel={busyLabel} onClick={() => void run("Starting …", () => downloadResult(job, artifact.name))}>
        Download<span class="visually-hidden"> {artifact.name}</span>
      </Button>
      <Button kind="quiet" onClick={onShare}>
        Share<span class="visually-hidden"> {artifact.name}</span>
      </Button>
    </FileRow>
  );
}

function InputRow({ job, input }: { job: Job; input: Input }) {
  const { busyLabel, run } = useAction();
  const examined = job.facts.upload_trigger?.[input.name] !== undefined;
  return (
    <FileRow
      title={inputLabel(input.name)}
      facts={[input.filename, input.content_type, ...inputFacts(job, input)]}
      checksum={input.crc32c}
      sizeBytes={input.size_bytes}
    >
      {examined && (
        <Button busyLabel={busyLabel} onClick={() => void run("Starting …", () => downloadInput(job.id, input))}>
          Download<span class="visually-hidden"> {input.filename}</span>
        </Button>
      )}
    </FileRow>
  );
}

interface FileRowProps {
  title: string;
  facts: string[];
  checksum?: string | undefined;
  sizeBytes: number;
  children: preact.ComponentChildren;
}

function FileRow({ title, facts, checksum, sizeBytes, children }: FileRowProps) {
  return (
    <li>
      <div class="description">
        <strong>{title}</strong>
        <span class="hint">{facts.join(" · ")}</span>
        {checksum && (
          <span class="hint">
            CRC32C <span class="code">{checksum}</span>
          </span>
        )}
      </div>
      <span class="number">{sizeBytes > 0 && formatBytes(sizeBytes)}</span>
      <div class="row">{children}</div>
    </li>
  );
}
