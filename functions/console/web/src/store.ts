import { useEffect, useState } from "preact/hooks";

/** A value that others listen to. */
export interface Store<T> {
  get(): T;
  set(value: T): void;
  subscribe(listener: (value: T) => void): () => void;
}

export function store<T>(first: T): Store<T> {
  let now = first;
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => now,
    set(value) {
      if (Object.is(value, now)) return;
      now = value;
      for (const listener of [...listeners]) listener(value);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The value of a store, drawn anew whenever it changes. */
export function useStore<T>(of: Store<T>): T {
  const [value, setValue] = useState(of.get());
  useEffect(() => {
    // It may have changed between the drawing and this.
    setValue(() => of.get());
    return of.subscribe((next) => setValue(() => next));
  }, [of]);
  return value;
}
