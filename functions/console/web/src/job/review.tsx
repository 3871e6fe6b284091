/** A deck waits for its owner. */
import { useState } from "preact/hooks";
import { post } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { toast } from "../ui/toast.tsx";
import { sentence } from "../words.ts";
import type { Job } from "./model.ts";

export function Review({ job }: { job: Job }) {
  const [busy, setBusy] = useState("");
  const release = async (): Promise<void> => {
    setBusy("Starting …");
    try {
      await post(`/v1/jobs/${job.id}/deck/release`);
    } catch (fault) {
      toast(sentence(fault), true);
    }
    setBusy("");
  };
  return (
    <section class="note" aria-labelledby="review">
      <h2 id="review">The slides are written</h2>
      <p>Look at them and change what you like. The film is made when you say so.</p>
      <div class="row">
        <a class="button primary" href={`/jobs/${job.id}/deck`}>
          Look at the slides
        </a>
        <Button busy={busy} onClick={() => void release()}>
          Make the film as it is
        </Button>
      </div>
    </section>
  );
}
