/** Edits of what a user notes about a job. No DOM. */
import type { Job } from "../model.ts";

/** The fields of the form. `metadata` has rows, which can be incomplete. */
export interface NotesDraft {
  title: string;
  description: string;
  /** Separated by commas. */
  tags: string;
  metadata: readonly (readonly [key: string, value: string])[];
}

/** The body of `PATCH /v1/jobs/{id}`. */
export interface NotesChange {
  title?: string;
  description?: string;
  tags?: string[];
  metadata?: Record<string, string | null>;
}

export const draftOf = (job: Job): NotesDraft => ({
  title: job.title,
  description: job.description,
  tags: job.tags.join(", "),
  metadata: Object.entries(job.metadata).sort(([a], [b]) => a.localeCompare(b)),
});

export const parseTags = (text: string): string[] => [
  ...new Set(text.split(",").map((tag) => tag.trim()).filter(Boolean)),
];

/** The changed fields only, so that a concurrent change of another field is kept. */
export function changeOf(job: Job, draft: NotesDraft): NotesChange {
  const change: NotesChange = {};
  const title = draft.title.trim();
  if (title && title !== job.title) change.title = title;
  if (draft.description !== job.description) change.description = draft.description;
  const tags = parseTags(draft.tags);
  if (tags.join("\n") !== job.tags.join("\n")) change.tags = tags;
  const metadata = metadataChange(job.metadata, draft.metadata);
  if (Object.keys(metadata).length) change.metadata = metadata;
  return change;
}

function metadataChange(stored: Job["metadata"], rows: NotesDraft["metadata"]): Record<string, string | null> {
  const next = new Map(rows.map(([key, value]) => [key.trim(), value] as const).filter(([key]) => key));
  const changes: Record<string, string | null> = {};
  for (const key of Object.keys(stored)) if (!next.has(key)) changes[key] = null;
  for (const [key, value] of next) if (stored[key] !== value) changes[key] = value;
  return changes;
}
