/** The sample clip that the console ships. `infra/tools/console/sample_media.py` draws it. */
import samplePath from "../media/sample.mp4";

const FILENAME = "Moodreel sample.mp4";

/** Throws Error. */
export async function fetchSampleClip(): Promise<File> {
  const response = await fetch(new URL(samplePath, import.meta.url)).catch(() => null);
  if (!response?.ok) throw new Error("The sample clip could not be loaded. Check your connection, then try again.");
  return new File([await response.blob()], FILENAME, { type: "video/mp4", lastModified: 0 });
}
