/** The slides of a deck that is not a film yet, as pictures that lead to its editor. */
import { usePicture, useArchive, type Archive } from "../../frames/use-archive.ts";
import type { Entry } from "../../frames/zip.ts";
import { type Job, findArtifact } from "../model.ts";

export function SlidesPreview({ job }: { job: Job }) {
  const artifact = findArtifact(job, "slides.zip");
  const { archive } = useArchive(job.id, artifact);
  const [width = 16, height = 9] = String(job.options.aspect ?? "16:9").split(":").map(Number);
  if (!artifact) return null;
  // Reserves the space before the directory has loaded.
  const count = archive?.entries.length ?? Number(job.options.slides ?? 0);
  return (
    <section aria-label="Slides">
      <ul class="slides-preview" style={{ "--aspect-ratio": String(width / height) }}>
        {Array.from({ length: count }, (_, index) => (
          <li key={index}>
            <a href={`/jobs/${job.id}/deck`}>
              <Slide archive={archive} entry={archive?.entries[index]} number={index + 1} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Slide({ archive, entry, number }: { archive: Archive | null; entry: Entry | undefined; number: number }) {
  const { url } = usePicture(archive, entry);
  return url ? <img src={url} alt={`Slide ${number}`} /> : <span class="visually-hidden">Slide {number}</span>;
}
