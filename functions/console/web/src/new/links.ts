/** Links to files, which the service fetches as inputs of a job. No DOM. */
import type { FileInfo } from "./files.ts";

/** A file at a URL, in place of one of this machine. Its size is not known. */
export interface Link extends FileInfo {
  url: string;
}

const UNKNOWN_SIZE = -1;
/** As `MAX_URL_CHARS` of the API. */
export const MAX_URL_CHARS = 4096;

export const isLink = (file: FileInfo): file is Link => "url" in file;

/** Why a text is not a link that can be fetched; "" if it is. The API checks more, such as the address. */
export function linkProblem(text: string): string {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return "Paste a whole link, such as https://example.org/clip.mp4.";
  }
  // The API of a local suite takes http as well; any other refuses it.
  if (url.protocol !== "https:" && url.protocol !== "http:") return "Only links that begin with https:// can be fetched.";
  if (url.username || url.password) return "A link with a user name or a password cannot be fetched.";
  return "";
}

/** The link, with the last part of its path as the name of the file. */
export function toLink(text: string): Link {
  const url = new URL(text.trim());
  const last = url.pathname.split("/").pop() ?? "";
  return { url: url.href, name: decode(last) || url.host, type: "", size: UNKNOWN_SIZE, lastModified: 0 };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
