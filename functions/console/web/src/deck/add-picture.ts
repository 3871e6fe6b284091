/** Adds a picture to a deck: declares it by its hash, and uploads it. */
import { post } from "../api.ts";
import { sendRequest } from "../upload/send-request.ts";

/** As the API accepts them. */
export const PICTURE_TYPES = ["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"] as const;
const MAX_BYTES = 40_000_000;

interface AddedPicture {
  picture: string;
  /** Null if the picture is uploaded already. */
  upload: { method: string; url: string; headers: Record<string, string> } | null;
}

/** The type of a picture file, or null for another file. Some browsers know no type of HEIC files. */
export function pictureType(file: { name: string; type: string }): string | null {
  if ((PICTURE_TYPES as readonly string[]).includes(file.type)) return file.type;
  const extension = /\.(heic|heif)$/i.exec(file.name)?.[1];
  return file.type === "" && extension ? `image/${extension.toLowerCase()}` : null;
}

/** Why a file cannot be added; empty if it can. */
export function pictureProblem(file: { name: string; type: string; size: number }): string {
  if (pictureType(file) === null) return "Choose a picture: JPEG, PNG, WebP or HEIC.";
  if (file.size > MAX_BYTES) return "The picture has more than 40 MB.";
  return file.size ? "" : "The file is empty.";
}

/** Returns the reference of the picture, for slides. Throws Problem, or an Error with a message. */
export async function addPicture(job: string, file: File, onProgress: (share: number) => void): Promise<string> {
  const problem = pictureProblem(file);
  if (problem) throw new Error(problem);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const { data } = await post<AddedPicture>(`/v1/jobs/${job}/deck/pictures`, {
    sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    filename: file.name.slice(0, 255),
    content_type: pictureType(file),
    size_bytes: file.size,
  });
  if (!data.upload) return data.picture;
  const { method, url, headers } = data.upload;
  const { status } = await sendRequest(method, url, headers, file, new AbortController().signal, (bytes) =>
    onProgress(bytes / file.size),
  );
  // 412: another tab has uploaded it.
  if (status !== 200 && status !== 412)
    throw new Error(
      status === 0
        ? "The picture could not be uploaded. Look at your connection, then choose it again."
        : "Cloud Storage refuses this picture. Choose it again.",
    );
  return data.picture;
}
