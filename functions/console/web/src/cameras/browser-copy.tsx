import { post } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { Progress } from "../ui/progress.tsx";
import { useAction } from "../ui/use-submit.ts";
import { copyLabel } from "./labels.ts";
import { type Recording, isCopying, isPlayable, needsCopy } from "./model.ts";

/** The state of the copy of a clip that no browser plays: its progress, or the button that requests it. */
export function BrowserCopyState({ recording, refetch }: { recording: Recording; refetch: () => Promise<void> }) {
  const { busyLabel, run } = useAction();
  if (!needsCopy(recording) || isPlayable(recording)) return null;
  const copy = recording.browser_copy;
  if (copy && isCopying(recording))
    return (
      <Progress
        value={copy.state === "running" ? copy.progress : null}
        text={copyLabel(recording)}
        label={`Copy of ${recording.title} for browsers`}
      />
    );
  const request = (): Promise<void> =>
    run("Requesting it …", async () => {
      await post(`/v1/recordings/${recording.id}/browser-copy`);
      await refetch();
    });
  return (
    <>
      {copy?.error ? (
        <p class="error-text">No copy for browsers could be made. {copy.error.message}</p>
      ) : (
        <p class="hint">Browsers do not play MJPEG. A copy in H.264 plays here; the download stays as recorded.</p>
      )}
      <div class="row">
        <Button busyLabel={busyLabel} onClick={() => void request()}>
          {copy ? "Try again" : "Prepare a copy for browsers"}
        </Button>
      </div>
    </>
  );
}
