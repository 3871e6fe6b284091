/** Make a job and send its files on their way. */
import { post } from "../api.ts";
import { add } from "../upload/uploads.ts";
import { type Placed, typeOf } from "./files.ts";

export interface Wish {
  recipe: string;
  title: string;
  options: Record<string, string | boolean>;
  files: readonly Placed<File>[];
  /** What was typed for the input `prompt`, with a text to draw on; "" where none is asked for. */
  prompt: string;
  source: string;
  /** The same for every try at the same wish: then it is one job. */
  key: string;
}

/** What ends a prompt; the text to draw on follows. */
const PAGE = "\f";

/** → the job's id. Throws Problem. */
export async function begin(wish: Wish): Promise<string> {
  const text = wish.source.trim() ? wish.prompt + PAGE + wish.source : wish.prompt;
  const prompt = text ? [{ for: "prompt", file: new File([text], "prompt.txt", { type: "text/plain" }) }] : [];
  const files = [...prompt, ...wish.files];
  const inputs = Object.fromEntries(
    files.map((one) => [
      one.for,
      { filename: one.file.name, content_type: typeOf(one.file), size_bytes: one.file.size },
    ]),
  );
  const body = { recipe: wish.recipe, options: wish.options, inputs, ...(wish.title ? { title: wish.title } : {}) };
  const { data } = await post<{ job: { id: string; title: string } }>("/v1/jobs", body, { key: wish.key });
  for (const one of files) {
    add(data.job.id, one.for, data.job.title, one.file, typeOf(one.file), one.for === "prompt" ? text : "");
  }
  return data.job.id;
}

const TITLE_CHARS = 60;

/** A presentation is called by the beginning of what was asked for. */
export function titleOf(prompt: string): string {
  const line = prompt.trim().split("\n")[0] ?? "";
  const words = line.replace(/\s+/g, " ").replace(/[\p{Cc}]/gu, "");
  if (words.length <= TITLE_CHARS) return words;
  const cut = words.slice(0, TITLE_CHARS);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), TITLE_CHARS / 2))} …`;
}
