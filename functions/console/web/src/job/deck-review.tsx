/** Shown while the deck waits for review. */
import { post } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { useAction } from "../ui/use-submit.ts";
import type { Job } from "./model.ts";

export function DeckReview({ job }: { job: Job }) {
  const { busyLabel, run } = useAction();
  const release = (): Promise<void> => run("Starting …", () => post(`/v1/jobs/${job.id}/deck/release`));
  return (
    <section class="note" aria-labelledby="review">
      <h2 id="review">The slides are written</h2>
      <p>Look at them and change what you like. The film is made when you say so.</p>
      <div class="row">
        <a class="button primary" href={`/jobs/${job.id}/deck`}>
          Look at the slides
        </a>
        <Button busyLabel={busyLabel} onClick={() => void release()}>
          Make the film as it is
        </Button>
      </div>
    </section>
  );
}
