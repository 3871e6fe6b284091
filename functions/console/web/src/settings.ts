/** Settings that the function embeds as JSON in index.html. */
export interface Settings {
  /** Origin of the API, without a trailing slash; in the cloud the page's own. */
  api: string;
  downloads: string;
  firebase: { apiKey: string; projectId: string; authDomain: string };
  /** Addresses of the local emulators; null in the cloud. */
  emulators: { auth: string; firestore: string; inbox: string } | null;
}

const json = document.getElementById("settings")?.textContent ?? "{}";

export const settings = JSON.parse(json) as Settings;
