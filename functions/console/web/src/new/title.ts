/** What a job is called. Pure. */
const TITLE_CHARS = 60;

/** A presentation is called by the beginning of what was asked for. */
export function titleOf(prompt: string): string {
  const line = prompt.trim().split("\n")[0] ?? "";
  const words = line.replace(/\s+/g, " ").replace(/[\p{Cc}]/gu, "");
  if (words.length <= TITLE_CHARS) return words;
  const cut = words.slice(0, TITLE_CHARS);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), TITLE_CHARS / 2))} …`;
}
