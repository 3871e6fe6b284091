/** What the function tells the page about where it runs: a block of data in index.html. */
export interface Settings {
  /** Where the API answers, without a trailing slash; the page's own origin in the cloud. */
  api: string;
  downloads: string;
  firebase: { apiKey: string; projectId: string; authDomain: string };
  /** Addresses of the emulators on one's own machine; null in the cloud. */
  emulators: { auth: string; firestore: string } | null;
}

const json = document.getElementById("settings")?.textContent ?? "{}";

export const settings = JSON.parse(json) as Settings;
