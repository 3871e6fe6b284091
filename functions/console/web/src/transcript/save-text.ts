/** Saves a text as a file of the user. */
export function saveText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  // The browser has read the blob by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The title of a job is the name of its file, unless the user gave another one. */
export const fileName = (title: string): string =>
  title.replace(/\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,5}$/, "").replace(/[\\/:*?"<>|\p{Cc}]+/gu, " ").trim().slice(0, 100) || "captions";
