/** Takes the sample clip in place of a file of the user. */
import { Button } from "../ui/button.tsx";
import { useAction } from "../ui/use-submit.ts";
import { fetchSampleClip } from "./sample-clip.ts";

export function SampleClip({ onUse }: { onUse: (file: File) => void }) {
  const { busyLabel, run } = useAction();
  return (
    <Button kind="quiet" busyLabel={busyLabel} onClick={() => void run("Loading it …", async () => onUse(await fetchSampleClip()))}>
      Use a sample clip
    </Button>
  );
}
