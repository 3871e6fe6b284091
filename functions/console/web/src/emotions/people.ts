/** Names of the people in a timeline, and a table with them. No DOM. */
import type { People } from "../job/model.ts";
import { episodes } from "./labels.ts";
import type { Timeline } from "./timeline.ts";

/** The name that the user gave a person, or "Person 1". */
export const personLabel = (people: People, faceId: number): string => people[String(faceId)] ?? `Person ${faceId}`;

/** The stretches of the timeline as CSV (RFC 4180), with names. */
export function formatCsv(timeline: Timeline, people: People): string {
  const rows = episodes(timeline).map(({ beginS, endS, faceId, emotion, mean }) => [
    beginS.toFixed(3), endS.toFixed(3), String(faceId), personLabel(people, faceId), emotion, mean.toFixed(4),
  ]);
  const header = ["begin_s", "end_s", "face_id", "person", "emotion", "mean"];
  return [header, ...rows].map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

/** A quoted field. Spreadsheets run a text that begins like a formula, so it begins with an apostrophe instead. */
function csvField(text: string): string {
  const safe = /^[=+@\t]|^-(?![\d.]+$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
