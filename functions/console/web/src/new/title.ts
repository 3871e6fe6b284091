/** Default titles of jobs. No DOM. */
const MAX_TITLE_CHARS = 60;

/** The first words of the prompt or text, cut at a word boundary, without the mark of a heading. */
export function titleFromPrompt(prompt: string): string {
  const line = (prompt.trim().split("\n")[0] ?? "").replace(/^#+\s+/, "");
  const text = line.replace(/\s+/g, " ").replace(/[\p{Cc}]/gu, "");
  if (text.length <= MAX_TITLE_CHARS) return text;
  const shortened = text.slice(0, MAX_TITLE_CHARS);
  return `${shortened.slice(0, Math.max(shortened.lastIndexOf(" "), MAX_TITLE_CHARS / 2))} …`;
}
