/** Drop zone with a file chooser, a field for links, and the list of chosen files. */
import { useId, useRef, useState } from "preact/hooks";
import { formatBytes } from "../format.ts";
import { Field } from "../ui/field.tsx";
import { type AssignedFiles, acceptedKinds, assignFiles, fileKey, removeFile } from "./files.ts";
import { type FormErrors, LINK_FIELD, linkField } from "./form-errors.ts";
import { type Link, MAX_URL_CHARS, isLink, linkProblem, toLink } from "./links.ts";
import type { Input } from "./recipes.ts";

export type ChosenFile = File | Link;
export type Files = AssignedFiles<ChosenFile>;

export const NO_FILES: Files = { assigned: [], extra: [], errors: [] };

export function DropZone({
  inputs,
  files,
  label,
  missingMessage,
  linkText,
  errors,
  onChange,
  onLinkText,
}: {
  inputs: readonly Input[];
  files: Files;
  label: string;
  /** Message about a missing file, after an attempt to submit. */
  missingMessage?: string | undefined;
  /** What is in the field for links and not added yet. */
  linkText: string;
  /** Those of the field for links and of the added ones. */
  errors: FormErrors;
  onChange: (files: Files) => void;
  onLinkText: (text: string) => void;
}) {
  const fileInput = useRef<HTMLInputElement>(null);
  const [dragOver, setDragOver] = useState(false);
  const [linkError, setLinkError] = useState("");
  const changeLink = (text: string): void => {
    setLinkError("");
    onLinkText(text);
  };
  const addFiles = (fileList: FileList | null | undefined): void => {
    if (!fileList?.length) return;
    onChange(assignFiles<ChosenFile>(inputs, [...fileList], files));
  };
  const addLink = (text: string): void => {
    const problem = text.trim() && linkProblem(text);
    changeLink(problem ? text : "");
    setLinkError(problem);
    if (problem || !text.trim()) return;
    onChange(assignFiles<ChosenFile>(inputs, [toLink(text)], files));
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
            Drop {limitsText(inputs)}.{takesSeveral ? "" : " Each file becomes a job."}
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
      <Field label="Or a link to a file" hint="The service fetches it over https." error={linkError || (linkText ? errors[LINK_FIELD] : "")}>
        {(ids) => (
          <input
            {...ids}
            type="url"
            inputMode="url"
            autocomplete="off"
            spellcheck={false}
            maxLength={MAX_URL_CHARS}
            placeholder="https://"
            value={linkText}
            onInput={(event) => changeLink(event.currentTarget.value)}
            onPaste={(event) => {
              const text = event.clipboardData?.getData("text") ?? "";
              // Pasted over nothing, a link is complete.
              if (linkText || linkProblem(text)) return;
              event.preventDefault();
              addLink(text);
            }}
            onBlur={(event) => addLink(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || !event.currentTarget.value.trim()) return;
              event.preventDefault();
              addLink(event.currentTarget.value);
            }}
          />
        )}
      </Field>
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
      <ChosenFiles files={files} errors={errors} onRemove={(file) => onChange(removeFile(inputs, files, file))} />
    </div>
  );
}

function ChosenFiles({
  files,
  errors,
  onRemove,
}: {
  files: Files;
  errors: FormErrors;
  onRemove: (file: ChosenFile) => void;
}) {
  if (!files.assigned.length && !files.extra.length) return null;
  const row = (key: string, file: ChosenFile) => (
    <FileRow key={key} file={file} error={errors[linkField(file)]} onRemove={() => onRemove(file)} />
  );
  return (
    <ul class="chosen">
      {files.assigned.map(({ input, file }) => row(input, file))}
      {files.extra.map((file) => row(fileKey(file), file))}
    </ul>
  );
}

function FileRow({ file, error, onRemove }: { file: ChosenFile; error?: string | undefined; onRemove: () => void }) {
  const errorId = useId();
  return (
    <li>
      <span class="name">{file.name}</span>
      <span class="hint">{isLink(file) ? `from ${new URL(file.url).host}` : formatBytes(file.size)}</span>
      <button
        type="button"
        class="quiet"
        aria-label={`Remove ${file.name}`}
        data-missing={error ? "" : undefined}
        aria-describedby={error ? errorId : undefined}
        onClick={onRemove}
      >
        ×
      </button>
      {error && (
        <p class="error-text" id={errorId}>
          {error}
        </p>
      )}
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
