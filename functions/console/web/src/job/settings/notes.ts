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

/**
 * The fields that the user changed since `base`, the draft before the first edit. A field or a key that only
 * somebody else has changed meanwhile is not among them, so that this change is kept.
 */
export function changeOf(base: NotesDraft, draft: NotesDraft): NotesChange {
  const change: NotesChange = {};
  const title = draft.title.trim();
  if (title && title !== base.title.trim()) change.title = title;
  if (draft.description !== base.description) change.description = draft.description;
  const tags = parseTags(draft.tags);
  if (tags.join("\n") !== parseTags(base.tags).join("\n")) change.tags = tags;
  const metadata = metadataChange(base.metadata, draft.metadata);
  if (Object.keys(metadata).length) change.metadata = metadata;
  return change;
}

function metadataChange(before: NotesDraft["metadata"], after: NotesDraft["metadata"]): Record<string, string | null> {
  const [previous, next] = [valuesByKey(before), valuesByKey(after)];
  const changes: Record<string, string | null> = {};
  for (const key of previous.keys()) if (!next.has(key)) changes[key] = null;
  for (const [key, value] of next) if (previous.get(key) !== value) changes[key] = value;
  return changes;
}

const valuesByKey = (rows: NotesDraft["metadata"]): Map<string, string> =>
  new Map(rows.map(([key, value]) => [key.trim(), value] as const).filter(([key]) => key));
