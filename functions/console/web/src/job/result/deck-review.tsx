/** Shown while the deck waits for review. */
import { post } from "../../api.ts";
import { Button } from "../../ui/button.tsx";
import { useAction } from "../../ui/use-submit.ts";
import type { Job } from "../model.ts";

export function DeckReview({ job }: { job: Job }) {
  const { busyLabel, run } = useAction();
  const release = (): Promise<void> => run("Starting …", () => post(`/v1/jobs/${job.id}/deck/release`));
  return (
    <section class="note" aria-labelledby="review">
      <h2 id="review">The slides need your review</h2>
      <p>Review and edit them. The film is rendered after you approve them.</p>
      <div class="row">
        <a class="button primary" href={`/jobs/${job.id}/deck`}>
          Review slides
        </a>
        <Button busyLabel={busyLabel} onClick={() => void release()}>
          Approve and render film
        </Button>
      </div>
    </section>
  );
}
