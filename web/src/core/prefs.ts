import { useSyncExternalStore } from "react";

/** What a person chose for this browser. It is kept in local storage and shared by every tab. */
export type Theme = "system" | "light" | "dark";
export type Language = "en" | "zh-CN";

export interface Prefs {
  theme: Theme;
  language: Language;
}

const KEY = "weir.prefs";
const listeners = new Set<() => void>();
let current = load();

function load(): Prefs {
  const fallback: Prefs = { theme: "system", language: preferredLanguage(navigator.languages) };
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Prefs>;
    return {
      theme: stored.theme === "light" || stored.theme === "dark" ? stored.theme : fallback.theme,
      language: stored.language === "en" || stored.language === "zh-CN" ? stored.language : fallback.language,
    };
  } catch {
    return fallback;
  }
}

/** The first of the two languages that the browser asks for; English when it asks for neither. */
export function preferredLanguage(languages: readonly string[]): Language {
  for (const language of languages) {
    if (/^zh\b/i.test(language)) return "zh-CN";
    if (/^en\b/i.test(language)) return "en";
  }
  return "en";
}

export function getPrefs(): Prefs {
  return current;
}

export function setPrefs(change: Partial<Prefs>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // A browser that keeps nothing still changes this page.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  const fromOtherTab = (event: StorageEvent) => {
    if (event.key !== KEY) return;
    current = load();
    listener();
  };
  listeners.add(listener);
  window.addEventListener("storage", fromOtherTab);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", fromOtherTab);
  };
}

export function usePrefs(): Prefs {
  return useSyncExternalStore(subscribe, getPrefs);
}

const darkQuery = "(prefers-color-scheme: dark)";

function subscribeDark(listener: () => void): () => void {
  const query = window.matchMedia(darkQuery);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}

/** Whether the page is dark now: the person's choice, else the system's. */
export function useDark(): boolean {
  const { theme } = usePrefs();
  const system = useSyncExternalStore(subscribeDark, () => window.matchMedia(darkQuery).matches);
  return theme === "system" ? system : theme === "dark";
}
