/** Form for title, description, tags and metadata of a job. */
import { useEffect, useState } from "preact/hooks";
import { request } from "../../api.ts";
import { LIMITS } from "../../contract.ts";
import { errorMessage } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { Field } from "../../ui/field.tsx";
import { useSubmit } from "../../ui/use-submit.ts";
import { useUnsavedWork } from "../../ui/use-unsaved-work.ts";
import { toast } from "../../ui/toast.tsx";
import type { Job } from "../model.ts";
import { type NotesDraft, changeOf, draftOf } from "./notes.ts";

/** `base` is the draft before the first edit. */
interface Edited {
  base: NotesDraft;
  draft: NotesDraft;
}

export function NotesForm({ job }: { job: Job }) {
  const [edited, setEdited] = useState<Edited | null>(null);
  const { busyLabel, error, fieldErrors, run } = useSubmit();
  const stored = draftOf(job);
  const { base, draft } = edited ?? { base: stored, draft: stored };
  const change = changeOf(base, draft);
  const isChanged = Object.keys(change).length > 0;
  // A saved draft is shown until the job has it: the listener is later than the response.
  useEffect(() => {
    if (!isChanged) setEdited(null);
  }, [JSON.stringify(stored)]);
  useUnsavedWork(isChanged ? "The details of the job are not saved. Leave the page?" : "");
  const update = (fields: Partial<NotesDraft>): void =>
    setEdited((before) => ({ base: before?.base ?? stored, draft: { ...(before?.draft ?? stored), ...fields } }));
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!isChanged) return;
    void run("Saving …", async () => {
      await request("PATCH", `/v1/jobs/${job.id}`, { body: change });
      // What was typed meanwhile is still to be saved.
      setEdited((before) => before && { ...before, base: draft });
      toast("Saved.");
    });
  };
  const errorAt = (name: string): string | undefined =>
    Object.entries(fieldErrors).find(([field]) => field === name || field.startsWith(`${name}.`))?.[1];
  return (
    <form class="stack" onSubmit={submit}>
      <Field label="Title" error={errorAt("title")}>
        {(ids) => (
          <input
            {...ids}
            value={draft.title}
            maxLength={LIMITS.maxTitleChars}
            required
            onInput={(event) => update({ title: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Description" error={errorAt("description")}>
        {(ids) => (
          <textarea
            {...ids}
            rows={4}
            value={draft.description}
            onInput={(event) => update({ description: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Tags" hint="Separated by commas." error={errorAt("tags")}>
        {(ids) => (
          <input {...ids} value={draft.tags} onInput={(event) => update({ tags: event.currentTarget.value })} />
        )}
      </Field>
      <Metadata rows={draft.metadata} error={errorAt("metadata")} onChange={(metadata) => update({ metadata })} />
      {error !== null && !Object.keys(fieldErrors).length && (
        <p class="error-text" role="alert">
          {errorMessage(error)}
        </p>
      )}
      <div class="row">
        <Button kind="primary" type="submit" busyLabel={busyLabel} disabled={!isChanged}>
          Save
        </Button>
        {isChanged && (
          <Button kind="quiet" onClick={() => setEdited(null)}>
            Discard changes
          </Button>
        )}
      </div>
    </form>
  );
}

interface MetadataProps {
  rows: NotesDraft["metadata"];
  error: string | undefined;
  onChange: (rows: NotesDraft["metadata"]) => void;
}

function Metadata({ rows, error, onChange }: MetadataProps) {
  const replace = (index: number, row: readonly [string, string]): void =>
    onChange(rows.map((other, position) => (position === index ? row : other)));
  return (
    <fieldset class="metadata">
      <legend>Metadata</legend>
      <p class="hint">Texts by key, for your programs. Webhooks receive them.</p>
      {rows.map(([key, value], index) => (
        <div class="metadata-row" key={index}>
          <input
            aria-label={`Key ${index + 1}`}
            placeholder="Key"
            value={key}
            onInput={(event) => replace(index, [event.currentTarget.value, value])}
          />
          <input
            aria-label={`Value ${index + 1}`}
            placeholder="Value"
            value={value}
            onInput={(event) => replace(index, [key, event.currentTarget.value])}
          />
          <button
            type="button"
            class="quiet"
            aria-label={`Remove ${key || `row ${index + 1}`}`}
            onClick={() => onChange(rows.filter((_, position) => position !== index))}
          >
            Remove
          </button>
        </div>
      ))}
      {error && <p class="error-text">{error}</p>}
      <p>
        <button type="button" onClick={() => onChange([...rows, ["", ""]])}>
          Add a key
        </button>
      </p>
    </fieldset>
  );
}
