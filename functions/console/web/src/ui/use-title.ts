import { useEffect } from "preact/hooks";

/** Sets the document's title, which screen readers announce first. Every page calls it. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Moodreel`;
  }, [title]);
}
