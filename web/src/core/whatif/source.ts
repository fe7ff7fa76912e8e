import { problemOf } from "../problem";
import { decodePlan, type Plan } from "./plan";
import { WhatIfError } from "./protocol";
import type { Settings } from "./settings";

/** A snapshot as GET /v1/snapshot answers it, with what the page reads of it. */
export interface Snapshot {
  generation: string;
  as_of: string;
  made_at: string;
  age_seconds: number;
  late: boolean;
  stale: boolean;
  layout: number;
  zone: string;
  currency: string;
  strategy_version: string;
  strategy_text: string;
  strategy_settings?: Settings;
  users: number;
  rows: number;
  bytes: number;
  sampling?: { rate: number; weight: number };
  pseudonymous_ids: boolean;
  plan: string;
  columns: { ref: string; kind: string; scale: number; values?: string[] }[];
  models?: { version: string; set: { churn?: { threshold?: number } } };
  shards: { name: string; rows: number; bytes: number; sha256: string }[];
}

export interface Source {
  snapshot: Snapshot;
  plan: Plan;
  planBytes: Uint8Array;
  settings: Settings;
  /** When the snapshot was read, in unix milliseconds: its age then is known. */
  readAt: number;
  /** Whether the server did not answer, and this is what was kept from an earlier visit. */
  kept: boolean;
}

const LAYOUT = 1;
export const CACHE = "weir.whatif";
const MANIFEST = "/v1/snapshot";

/** The snapshot of the base; without the server the one that was read last. not_found: none was made yet. */
export async function readSource(token: string): Promise<Source> {
  const cache = "caches" in globalThis ? await caches.open(CACHE).catch(() => undefined) : undefined;
  const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
  let answer = await fetch(MANIFEST, { headers, cache: "no-cache" }).catch(() => undefined);
  const kept = !answer;
  answer ??= await cache?.match(MANIFEST);
  if (!answer) throw refused("unreachable", "the server does not answer");
  if (!answer.ok) {
    const problem = await problemOf(answer);
    if (problem.status === 404) throw refused("not_found", problem.detail, problem.hint);
    throw problem;
  }
  const readAt = kept ? Number(answer.headers.get("X-Read-At")) || Date.now() : Date.now();
  const text = await answer.text();
  const snapshot = JSON.parse(text) as Snapshot;
  const planBytes = Uint8Array.from(atob(snapshot.plan ?? ""), (c) => c.charCodeAt(0));
  const plan = decodePlan(planBytes);
  const settings = snapshot.strategy_settings;
  if (snapshot.layout !== LAYOUT || !plan || !settings) throw refused("layout", "the snapshot has another layout");
  if (!kept && cache) await keep(cache, text, snapshot, readAt);
  return { snapshot, plan, planBytes, settings, readAt, kept };
}

/** Keeps the snapshot for visits without the server, and forgets the shards of others. */
async function keep(cache: Cache, text: string, snapshot: Snapshot, readAt: number): Promise<void> {
  await cache.put(MANIFEST, new Response(text, { headers: { "X-Read-At": String(readAt) } })).catch(() => undefined);
  const names = new Set(snapshot.shards.map((shard) => shardUrl(shard.name)));
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith(`${MANIFEST}/`) && !names.has(pathname)) await cache.delete(request);
  }
}

export function shardUrl(name: string): string {
  return `${MANIFEST}/shards/${encodeURIComponent(name)}`;
}

/** The module, compiled; kept for visits without the server. */
export async function readModule(url: string): Promise<WebAssembly.Module> {
  const cache = "caches" in globalThis ? await caches.open(CACHE).catch(() => undefined) : undefined;
  let answer = await cache?.match(url);
  if (!answer) {
    answer = await fetch(url).catch(() => undefined);
    if (!answer?.ok) throw refused("unreachable", "the what-if module cannot be loaded");
    for (const request of (await cache?.keys()) ?? [])
      if (new URL(request.url).pathname.endsWith(".wasm")) await cache?.delete(request);
    await cache?.put(url, answer.clone()).catch(() => undefined);
  }
  return WebAssembly.compileStreaming(answer).catch(async () => {
    const again = await fetch(url);
    return WebAssembly.compile(await again.arrayBuffer());
  });
}

function refused(code: string, message: string, hint = ""): WhatIfError {
  return new WhatIfError({ code, message, hint, line: 0, column: 0 });
}
