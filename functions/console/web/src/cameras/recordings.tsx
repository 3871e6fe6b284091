import { useEffect, useState } from "preact/hooks";
import { get, newIdempotencyKey, post, request } from "../api.ts";
import { LoadMore } from "../ui/load-more.tsx";
import type { PagedQuery } from "../ui/use-query.ts";
import { navigate } from "../location.ts";
import { Button } from "../ui/button.tsx";
import { Panel } from "../ui/panel.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { FormFooter } from "../ui/form-footer.tsx";
import { Loading } from "../ui/progress.tsx";
import { useAction, useSubmit } from "../ui/use-submit.ts";
import { toast } from "../ui/toast.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { errorMessage, formatTimeAgo } from "../format.ts";
import { RecipeForm } from "./recipe-form.tsx";
import { type RecipeChoice, NO_RECIPE, toRecipeFields } from "./recipe-choice.ts";
import { BrowserCopyState } from "./browser-copy.tsx";
import { type Recording, isPlayable, isRunning, needsCopy } from "./model.ts";
import { clipLabel, recordingNotes, recordingStatus } from "./labels.ts";

type Dialog = "play" | "job" | "delete";

export function Recordings({
  recordings,
  names,
}: {
  recordings: PagedQuery<Recording>;
  names: ReadonlyMap<string, string>;
}) {
  const [dialog, setDialog] = useState<{ kind: Dialog; recording: Recording } | null>(null);
  const { rows, hasMore, error, loadMore, refetch } = recordings;
  const close = (): void => setDialog(null);
  if (!rows)
    return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Getting your recordings …" />;
  if (!rows.length)
    return (
      <p class="empty">
        Nothing is recorded yet. Press Record at a camera; what it saw is a clip here when you stop, and goes on into a
        recipe if you chose one.
      </p>
    );
  return (
    <>
      <ul class="rows recordings">
        {rows.map((recording) => (
          <RecordingRow
            key={recording.id}
            recording={recording}
            camera={names.get(recording.camera)}
            onAction={(kind) => setDialog({ kind, recording })}
            refetch={refetch}
          />
        ))}
      </ul>
      <LoadMore hasMore={hasMore} loadMore={loadMore} error={error} label="Older recordings" />
      {dialog?.kind === "play" && <ClipPlayer recording={dialog.recording} onClose={close} />}
      {dialog?.kind === "job" && <CreateJob recording={dialog.recording} onClose={close} />}
      {dialog?.kind === "delete" && <DeleteRecording recording={dialog.recording} refetch={refetch} onClose={close} />}
    </>
  );
}

function RecordingRow({
  recording,
  camera,
  onAction,
  refetch,
}: {
  recording: Recording;
  camera: string | undefined;
  onAction: (action: Dialog) => void;
  refetch: () => Promise<void>;
}) {
  const [busyLabel, setBusyLabel] = useState("");
  const { label, tone } = recordingStatus(recording);
  const runAction = async (label: string, action: () => Promise<void>): Promise<void> => {
    setBusyLabel(label);
    try {
      await action();
    } catch (error) {
      toast(errorMessage(error), true);
    }
    setBusyLabel("");
  };
  const save = (): Promise<void> =>
    runAction("Getting it …", async () => {
      const { url, filename } = await getLink(`${recording.id}/clip/link?disposition=attachment`);
      const anchor = document.createElement("a");
      anchor.href = url;
      anchor.download = filename;
      anchor.click();
    });
  const stop = (): Promise<void> =>
    runAction("Stopping …", async () => {
      await post(`/v1/recordings/${recording.id}/stop`);
      await refetch();
    });
  return (
    <li class="stacked">
      <div class="row between">
        <strong>{recording.title}</strong>
        {recording.state !== "done" && <span class={`badge ${tone}`}>{label}</span>}
      </div>
      <p class="hint">
        {[
          clipLabel(recording),
          camera && camera !== recording.title ? camera : "",
          formatTimeAgo(new Date(recording.created_at), new Date()),
        ]
          .filter(Boolean)
          .join(" · ")}
        {recording.job && (
          <>
            {" · "}
            <a href={`/jobs/${recording.job}`}>its job</a>
          </>
        )}
      </p>
      {recording.error && <p class="error-text">{recording.error.message}</p>}
      {recordingNotes(recording).map((label) => (
        <p key={label} class="hint">
          {label}
        </p>
      ))}
      <BrowserCopyState recording={recording} refetch={refetch} />
      <div class="row">
        {isRunning(recording) && recording.state !== "stopping" && recording.state !== "joining" && (
          <Button busyLabel={busyLabel} onClick={() => void stop()}>
            Stop
          </Button>
        )}
        {recording.clip && (
          <>
            {isPlayable(recording) && <Button onClick={() => onAction("play")}>Play</Button>}
            <Button busyLabel={busyLabel} onClick={() => void save()}>
              Download
            </Button>
            <Button onClick={() => onAction("job")}>Create job</Button>
          </>
        )}
        <Button kind="quiet" onClick={() => onAction("delete")}>
          Delete
        </Button>
      </div>
    </li>
  );
}

function ClipPlayer({ recording, onClose }: { recording: Recording; onClose: () => void }) {
  const [url, setUrl] = useState("");
  const [error, setError] = useState<unknown>(null);
  const load = async (): Promise<void> => {
    setError(null);
    try {
      const file = needsCopy(recording) ? "browser-copy" : "clip";
      setUrl((await getLink(`${recording.id}/${file}/link`)).url);
    } catch (error) {
      setError(error);
    }
  };
  useEffect(() => void load(), [recording.id]);
  const { width, height } = (needsCopy(recording) ? recording.browser_copy : recording.clip) ?? {};
  return (
    <Panel title={recording.title} wide onClose={onClose}>
      {error !== null && <LoadError error={error} onRetry={load} />}
      <video
        class="clip"
        controls
        autoPlay
        playsInline
        src={url || undefined}
        width={width ?? undefined}
        height={height ?? undefined}
        onError={() => url && setError(new Error("This browser cannot play the clip. Download it."))}
      />
    </Panel>
  );
}

function CreateJob({ recording, onClose }: { recording: Recording; onClose: () => void }) {
  const [choice, setChoice] = useState<RecipeChoice>({ ...NO_RECIPE, recipe: "emotions" });
  const [idempotencyKey] = useState(newIdempotencyKey);
  const submission = useSubmit();
  const submit = (event: Event): void => {
    event.preventDefault();
    void submission.run("Beginning it …", async () => {
      const body = { title: recording.title, from: recording.id, ...toRecipeFields(choice) };
      const { data } = await post<{ job: { id: string } }>("/v1/jobs", body, { idempotencyKey });
      navigate(`/jobs/${data.job.id}`);
    });
  };
  return (
    <Panel title={`Create a job from ${recording.title}`} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <RecipeForm value={choice} onChange={setChoice} recipeRequired fieldErrors={submission.fieldErrors} />
        <FormFooter submitLabel="Create job" submission={submission} onClose={onClose} />
      </form>
    </Panel>
  );
}

function DeleteRecording({
  recording,
  refetch,
  onClose,
}: {
  recording: Recording;
  refetch: () => Promise<void>;
  onClose: () => void;
}) {
  const { busyLabel, run } = useAction();
  const deleteRecording = (): Promise<void> =>
    run("Deleting it …", async () => {
      await request("DELETE", `/v1/recordings/${recording.id}`);
      await refetch();
      onClose();
      toast(`“${recording.title}” is deleted.`);
    });
  return (
    <Confirm
      title="Delete this recording?"
      confirmLabel="Delete it"
      busyLabel={busyLabel}
      onConfirm={deleteRecording}
      onClose={onClose}
    >
      {isRunning(recording)
        ? `“${recording.title}” ends now, without a clip.`
        : `“${recording.title}” goes with its clip. A job that was created from it stays.`}{" "}
      Nobody can bring it back.
    </Confirm>
  );
}

async function getLink(path: string): Promise<{ url: string; filename: string }> {
  return (await get<{ url: string; filename: string }>(`/v1/recordings/${path}`)).data;
}
