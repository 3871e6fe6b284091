/** Thumbnail of a job, loaded when visible; the recipe's drawing until then. */
import { useEffect, useRef, useState } from "preact/hooks";
import { resultLink } from "../job/links.ts";
import type { Job } from "../job/model.ts";
import { RecipePicture } from "../new/recipe-pictures.tsx";
import { thumbnailOf } from "./filters.ts";

export function Thumbnail({ job }: { job: Job }) {
  const artifact = thumbnailOf(job);
  const thumbnailRef = useRef<HTMLSpanElement>(null);
  const [url, setUrl] = useState("");
  const version = artifact ? `${artifact.name} ${artifact.generation}` : "";
  useEffect(() => {
    setUrl("");
    const element = thumbnailRef.current;
    if (!artifact || !element) return;
    let cancelled = false;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      resultLink(job.id, artifact).then(
        (link) => {
          if (!cancelled) setUrl(link.url);
        },
        // The drawing remains.
        () => undefined,
      );
    });
    observer.observe(element);
    return () => {
      cancelled = true;
      observer.disconnect();
    };
  }, [job.id, version]);
  return (
    <span class="thumbnail" ref={thumbnailRef}>
      {url ? <img src={url} alt="" onError={() => setUrl("")} /> : <RecipePicture recipe={job.recipe} />}
    </span>
  );
}
