import { useEffect } from "react";

/** Keeps the console's own files, once the base is loaded, so that the page opens without the server. */
export function useOffline(ready: boolean): void {
  useEffect(() => {
    if (!ready || !("serviceWorker" in navigator)) return;
    void (async () => {
      await navigator.serviceWorker.register("/offline.js");
      const { active } = await navigator.serviceWorker.ready;
      const files = performance.getEntriesByType("resource").map(({ name }) => new URL(name));
      const own = files.filter(({ origin, pathname }) => origin === location.origin && pathname.startsWith("/assets/"));
      const paths = [...new Set(own.map(({ pathname }) => pathname))].filter((path) => !path.endsWith(".wasm"));
      active?.postMessage(paths);
    })().catch(() => undefined); // a browser that allows no such worker opens the page with the server alone
  }, [ready]);
}
