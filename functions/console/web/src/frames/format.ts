/** `0:05.250`, from an hour on `1:00:05.250`; without decimals for whole seconds. */
export function formatExactClock(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const pad = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(ms / 60_000);
  const msInMinute = ms % 60_000;
  const fraction = msInMinute % 1000 ? `.${String(msInMinute % 1000).padStart(3, "0")}` : "";
  const secondsText = `${pad(Math.floor(msInMinute / 1000))}${fraction}`;
  if (minutes < 60) return `${minutes}:${secondsText}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${secondsText}`;
}
