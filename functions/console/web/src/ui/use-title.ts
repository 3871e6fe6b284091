import { useEffect } from "preact/hooks";

/** Every page calls this: the window's title, which screen readers say first. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Moodreel`;
  }, [title]);
}
