/** The files that a new job takes over from another one, in place of the drop zone. */
import { Film, Image as ImageIcon, Music } from "lucide";
import { formatBytes } from "../format.ts";
import { Icon } from "../ui/icon.tsx";
import { Button } from "../ui/button.tsx";
import type { SourceInput, SourceJob } from "./source-job.ts";

const KIND_ICONS: Readonly<Record<string, typeof Film>> = { audio: Music, image: ImageIcon };

export function SourceFiles({
  source,
  inputs,
  error,
  onReplace,
}: {
  source: SourceJob;
  inputs: readonly SourceInput[];
  error: string | undefined;
  /** Takes other files instead. */
  onReplace: () => void;
}) {
  return (
    <div class="files">
      <div class="source-files" data-missing={error ? "" : undefined} tabIndex={error ? -1 : undefined}>
        <div>
          <p class="hint">
            From the job <a href={`/jobs/${source.id}`}>{source.title}</a>, without a new upload
          </p>
          <ul>
            {inputs.map((input) => (
              <li key={input.name}>
                <Icon icon={KIND_ICONS[input.kind ?? ""] ?? Film} />
                <strong>{input.filename}</strong>
                <span class="hint">{formatBytes(input.size_bytes)}</span>
              </li>
            ))}
          </ul>
        </div>
        <Button onClick={onReplace}>Choose other files</Button>
      </div>
      {error && (
        <p class="error-text" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
