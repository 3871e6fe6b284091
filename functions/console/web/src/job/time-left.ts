/** Estimates how long a job still takes, from how fast its progress was. No DOM. */

/** Progress (0 to 1) at a time in ms. */
export interface Sample {
  at: number;
  progress: number;
}

/** Older samples say little about the current stage. */
const WINDOW_MS = 60_000;
/** Shorter observations give wild estimates. */
const MIN_OBSERVED_MS = 8_000;

/** Adds a sample and drops those before the window. Progress that goes back, as after a retry, starts anew. */
export function addSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1);
  if (last && sample.progress < last.progress) return [sample];
  return [...samples.filter(({ at }) => sample.at - at <= WINDOW_MS), sample];
}

/** The estimate in seconds; null while there is no basis for one. */
export function estimateTimeLeftS(samples: readonly Sample[], now: number): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || now - first.at < MIN_OBSERVED_MS || last.progress <= first.progress) return null;
  // Until now, not until the last change: an estimate grows while nothing moves.
  const rate = (last.progress - first.progress) / (now - first.at);
  return (1 - last.progress) / rate / 1000;
}

/** Rounds to a precision that an estimate deserves: 5 s, then minutes. */
export function roundTimeLeftS(seconds: number): number {
  const step = seconds < 60 ? 5 : seconds < 600 ? 30 : 300;
  return Math.max(step, Math.round(seconds / step) * step);
}
