import { useState } from "preact/hooks";
import { post, request } from "../api.ts";
import { useNow } from "../job/use-job.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { useAction } from "../ui/use-submit.ts";
import { formatBytes, formatClock, formatTimeAgo } from "../format.ts";
import type { Camera, Recording } from "./model.ts";
import { Preview } from "./preview.tsx";
import { StartRecording } from "./start-recording.tsx";
import { cameraStatus, elapsedNow, pictureLabel } from "./labels.ts";

type Dialog = "" | "record" | "delete";

/** One camera: preview, status and the record button. */
export function CameraCard({ camera, refetch }: { camera: Camera; refetch: () => Promise<void> }) {
  const [dialog, setDialog] = useState<Dialog>("");
  const { busyLabel, run } = useAction();
  const [previewing, setPreviewing] = useState(false);
  const { status, source } = camera;
  const { label, tone } = cameraStatus(camera);
  const runAction = (label: string, action: () => Promise<unknown>): Promise<void> =>
    run(label, async () => {
      await action();
      await refetch();
      setDialog("");
    });
  const stop = (): Promise<void> =>
    runAction("Stopping …", () => Promise.all(status.recordings.map((id) => post(`/v1/recordings/${id}/stop`))));
  const deleteCamera = (): Promise<void> =>
    runAction("Removing it …", () => request("DELETE", `/v1/cameras/${camera.id}`));
  const onStarted = async (_: Recording): Promise<void> => {
    await refetch();
    setDialog("");
  };
  return (
    <section class="camera" aria-label={camera.name}>
      <Preview camera={camera.id} name={camera.name} onWatchingChange={setPreviewing} />
      <div class="details">
        <div class="row between">
          <h2>{camera.name}</h2>
          <span class={`badge ${tone}`} role="status">
            {label}
          </span>
        </div>
        <p class="hint address">
          {source.address}
          {source.credentials && " · with a password"}
        </p>
        {status.recording ? (
          <RecordingStatus camera={camera} />
        ) : (
          <p class="hint picture-info">{pictureLabel(status) || "Its picture is not known yet."}</p>
        )}
        {status.last_error && status.state !== "connected" && (
          <p class="error-text">
            {status.last_error.message}{" "}
            {status.last_error.at && (
              <span class="hint">{formatTimeAgo(new Date(status.last_error.at), new Date())}</span>
            )}
          </p>
        )}
        <div class="row">
          {status.recording ? (
            <Button kind="primary" busyLabel={busyLabel} onClick={() => void stop()}>
              Stop recording
            </Button>
          ) : (
            <button type="button" class="primary" onClick={() => setDialog("record")}>
              Record<span class="visually-hidden"> {camera.name}</span>
            </button>
          )}
          <button type="button" class="quiet" disabled={status.recording} onClick={() => setDialog("delete")}>
            Remove<span class="visually-hidden"> {camera.name}</span>
          </button>
        </div>
      </div>
      {dialog === "record" && (
        <StartRecording camera={camera} previewing={previewing} onStarted={onStarted} onClose={() => setDialog("")} />
      )}
      {dialog === "delete" && (
        <Confirm
          title={`Remove ${camera.name}?`}
          confirmLabel="Remove it"
          busyLabel={busyLabel}
          onConfirm={deleteCamera}
          onClose={() => setDialog("")}
        >
          Its address and password go. What it recorded stays.
        </Confirm>
      )}
    </section>
  );
}

/** State of the running recording, in text as well as by the red dot. */
function RecordingStatus({ camera: { status } }: { camera: Camera }) {
  const ticking = status.state === "connected" && status.elapsed_s > 0;
  const now = useNow(ticking);
  const elapsed = elapsedNow(status.elapsed_s, status.updated_at, now, ticking);
  const dropped = status.dropped_frames;
  return (
    <div class="recording-status">
      <p class="recording-indicator">
        <span class="record-dot" aria-hidden="true" />
        <strong>REC</strong>
        <span class="time">{formatClock(elapsed)}</span>
      </p>
      <p class="hint picture-info">
        {[
          pictureLabel(status),
          status.size_bytes ? formatBytes(status.size_bytes) : "",
          dropped ? `${dropped} dropped` : "nothing dropped",
          status.recordings.length > 1 ? `${status.recordings.length} recordings` : "",
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </div>
  );
}
