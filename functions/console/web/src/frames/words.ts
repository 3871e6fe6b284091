/** `0:05.250`, from an hour on `1:00:05.250`; whole seconds without their zeros. */
export function exactClock(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(ms / 60_000);
  const rest = ms % 60_000;
  const point = rest % 1000 ? `.${String(rest % 1000).padStart(3, "0")}` : "";
  const tail = `${two(Math.floor(rest / 1000))}${point}`;
  if (minutes < 60) return `${minutes}:${tail}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${tail}`;
}
