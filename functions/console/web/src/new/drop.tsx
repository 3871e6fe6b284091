/** Where files are dropped or chosen, and which ones are there. */
import { useRef, useState } from "preact/hooks";
import { bytes } from "../words.ts";
import { type Sorted, accept, markOf, place, takes, without } from "./files.ts";
import type { Input } from "./recipes.ts";

export type Files = Sorted<File>;

export const NONE: Files = { placed: [], further: [], wrong: [] };

export function Drop({
  inputs,
  files,
  label,
  lack,
  onChange,
}: {
  inputs: readonly Input[];
  files: Files;
  label: string;
  /** What is still to be chosen, once somebody went on without it. */
  lack?: string | undefined;
  onChange: (files: Files) => void;
}) {
  const chooser = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const taken = (list: FileList | null | undefined): void => {
    if (!list?.length) return;
    onChange(place(inputs, [...list], files));
  };
  const several = inputs.some((one) => one.names.length > 1) || inputs.length > 1;
  return (
    <div class="files">
      <div
        class={over ? "drop over" : "drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          taken(event.dataTransfer?.files);
        }}
      >
        <p>
          <strong>{label}</strong>
          <span class="hint">
            Drop {limits(inputs)}.{several ? "" : " Several make a job each."}
          </span>
        </p>
        <button
          type="button"
          data-lack={lack ? "" : undefined}
          aria-describedby={lack ? "files-lack" : undefined}
          onClick={() => chooser.current?.click()}
        >
          Choose {inputs.length > 1 || several ? "files" : "a file"}
        </button>
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          aria-label={label}
          accept={accept(inputs)}
          onChange={(event) => {
            taken(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
      </div>
      {lack && (
        <p class="wrong" id="files-lack">
          {lack}
        </p>
      )}
      {files.wrong.map((one) => (
        <p class="wrong" role="alert" key={one}>
          {one}
        </p>
      ))}
      <Chosen files={files} onRemove={(file) => onChange(without(inputs, files, file))} />
    </div>
  );
}

function Chosen({ files, onRemove }: { files: Files; onRemove: (file: File) => void }) {
  if (!files.placed.length && !files.further.length) return null;
  return (
    <ul class="chosen">
      {files.placed.map((one) => (
        <Row key={one.for} file={one.file} onRemove={() => onRemove(one.file)} />
      ))}
      {files.further.map((file) => (
        <Row key={markOf(file)} file={file} onRemove={() => onRemove(file)} />
      ))}
    </ul>
  );
}

function Row({ file, onRemove }: { file: File; onRemove: () => void }) {
  return (
    <li>
      <span class="name">{file.name}</span>
      <span class="hint">{bytes(file.size)}</span>
      <button type="button" class="quiet" aria-label={`Take ${file.name} away`} onClick={onRemove}>
        ×
      </button>
    </li>
  );
}

/** `a picture, up to 40 MB, and a sound, up to 500 MB`. */
function limits(inputs: readonly Input[]): string {
  const words = inputs.map((one) => {
    const what = one.optional && one.kinds.includes("audio") ? "music" : takes([one]);
    const many = one.names.length > 1 ? `up to ${one.names.length} pictures` : what;
    return `${many}${one.optional ? " if you like" : ""}, at most ${bytes(one.max_bytes)}`;
  });
  return words.join(", and ");
}
