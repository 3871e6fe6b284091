/** Drop zone with a file chooser and the list of chosen files. */
import { useRef, useState } from "preact/hooks";
import { formatBytes } from "../format.ts";
import { type AssignedFiles, acceptedKinds, assignFiles, fileKey, removeFile } from "./files.ts";
import type { Input } from "./recipes.ts";

export type Files = AssignedFiles<File>;

export const NO_FILES: Files = { assigned: [], extra: [], errors: [] };

export function DropZone({
  inputs,
  files,
  label,
  missingMessage,
  onChange,
}: {
  inputs: readonly Input[];
  files: Files;
  label: string;
  /** Message about a missing file, after an attempt to submit. */
  missingMessage?: string | undefined;
  onChange: (files: Files) => void;
}) {
  const fileInput = useRef<HTMLInputElement>(null);
  const [dragOver, setDragOver] = useState(false);
  const addFiles = (fileList: FileList | null | undefined): void => {
    if (!fileList?.length) return;
    onChange(assignFiles(inputs, [...fileList], files));
  };
  const takesSeveral = inputs.some((input) => input.names.length > 1) || inputs.length > 1;
  return (
    <div class="files">
      <div
        class={dragOver ? "drop-zone drag-over" : "drop-zone"}
        onDragOver={(event) => {
          event.preventDefault();
          setDragOver(true);
        }}
        onDragLeave={() => setDragOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setDragOver(false);
          addFiles(event.dataTransfer?.files);
        }}
      >
        <p>
          <strong>{label}</strong>
          <span class="hint">
            Drop {limitsText(inputs)}.{takesSeveral ? "" : " Several make a job each."}
          </span>
        </p>
        <button
          type="button"
          data-missing={missingMessage ? "" : undefined}
          aria-describedby={missingMessage ? "files-missing" : undefined}
          onClick={() => fileInput.current?.click()}
        >
          Choose {inputs.length > 1 || takesSeveral ? "files" : "a file"}
        </button>
        <input
          ref={fileInput}
          type="file"
          multiple
          hidden
          aria-label={label}
          onChange={(event) => {
            addFiles(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
      </div>
      {missingMessage && (
        <p class="error-text" id="files-missing">
          {missingMessage}
        </p>
      )}
      {files.errors.map((text) => (
        <p class="error-text" role="alert" key={text}>
          {text}
        </p>
      ))}
      <ChosenFiles files={files} onRemove={(file) => onChange(removeFile(inputs, files, file))} />
    </div>
  );
}

function ChosenFiles({ files, onRemove }: { files: Files; onRemove: (file: File) => void }) {
  if (!files.assigned.length && !files.extra.length) return null;
  return (
    <ul class="chosen">
      {files.assigned.map((file) => (
        <FileRow key={file.input} file={file.file} onRemove={() => onRemove(file.file)} />
      ))}
      {files.extra.map((file) => (
        <FileRow key={fileKey(file)} file={file} onRemove={() => onRemove(file)} />
      ))}
    </ul>
  );
}

function FileRow({ file, onRemove }: { file: File; onRemove: () => void }) {
  return (
    <li>
      <span class="name">{file.name}</span>
      <span class="hint">{formatBytes(file.size)}</span>
      <button type="button" class="quiet" aria-label={`Take ${file.name} away`} onClick={onRemove}>
        ×
      </button>
    </li>
  );
}

/** `a picture, up to 40 MB, and a sound, up to 500 MB`. */
function limitsText(inputs: readonly Input[]): string {
  const phrases = inputs.map((input) => {
    const noun = input.optional && input.kinds.includes("audio") ? "music" : acceptedKinds([input]);
    const amount = input.names.length > 1 ? `up to ${input.names.length} pictures` : noun;
    return `${amount}${input.optional ? " if you like" : ""}, at most ${formatBytes(input.max_bytes)}`;
  });
  return phrases.join(", and ");
}
