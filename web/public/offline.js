// Lets the what-if page open without the server once it was open with it. The page itself keeps the snapshot and the module; here
// stand the console's own files. Nothing of the API is kept.
const CACHE = "weir.console";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || url.pathname.startsWith("/v1/")) return;
  if (url.pathname.endsWith(".wasm")) return;
  if (url.pathname.startsWith("/assets/")) event.respondWith(asset(request));
  else if (request.mode === "navigate") event.respondWith(page(request));
  else if (url.pathname === "/weir.svg") event.respondWith(asset(request));
});

/** A file whose name says its content: the one that was kept, else the server's. */
async function asset(request) {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

/** A page: the server's, else the one that was kept. */
async function page(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put("/", answer.clone());
    return answer;
  } catch (error) {
    const known = await cache.match("/");
    if (known) return known;
    throw error;
  }
}

// A page that is open already tells which files it has: they were loaded before this worker was.
self.addEventListener("message", (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    const wanted = new Set(event.data);
    for (const request of await cache.keys()) {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/assets/") && !wanted.has(pathname)) await cache.delete(request);
    }
    for (const path of ["/", ...wanted]) if (!(await cache.match(path))) await cache.add(path).catch(() => undefined);
  };
  event.waitUntil(keep());
});
