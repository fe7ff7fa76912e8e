import { useCallback, useEffect, useState, useSyncExternalStore } from "react";

/** The value once it has rested for `wait` milliseconds. */
export function useRested<T>(value: T, wait: number): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), wait);
    return () => clearTimeout(timer);
  }, [value, wait]);
  return rested;
}

const narrow = "(max-width: 760px)";

/** Whether the page is too narrow for a table. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = window.matchMedia(narrow);
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => window.matchMedia(narrow).matches,
  );
}

/** Pages by cursor: forward with the server's `next`, back by remembering. A new `subject` starts at its first page. */
export function usePages(subject: string): {
  after: string | undefined;
  page: number;
  forward: (next: string) => void;
  back: () => void;
} {
  const [state, setState] = useState<{ subject: string; trail: string[] }>({ subject, trail: [] });
  const trail = state.subject === subject ? state.trail : [];
  const forward = useCallback(
    (next: string) => setState((old) => ({ subject, trail: [...(old.subject === subject ? old.trail : []), next] })),
    [subject],
  );
  const back = useCallback(
    () => setState((old) => ({ subject, trail: old.subject === subject ? old.trail.slice(0, -1) : [] })),
    [subject],
  );
  return { after: trail.at(-1), page: trail.length + 1, forward, back };
}
