/** What a job is called. Pure. */
const MAX_TITLE_CHARS = 60;

/** A presentation is called by the beginning of what was asked for. */
export function titleFromPrompt(prompt: string): string {
  const line = prompt.trim().split("\n")[0] ?? "";
  const text = line.replace(/\s+/g, " ").replace(/[\p{Cc}]/gu, "");
  if (text.length <= MAX_TITLE_CHARS) return text;
  const shortened = text.slice(0, MAX_TITLE_CHARS);
  return `${shortened.slice(0, Math.max(shortened.lastIndexOf(" "), MAX_TITLE_CHARS / 2))} …`;
}
