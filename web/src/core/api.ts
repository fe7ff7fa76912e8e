import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./api.gen";
import { Problem, problemOf } from "./problem";
import { bearer, renewed } from "./session";

/** The API's types by their names in openapi.yaml. */
export type Schemas = components["schemas"];

const carry: Middleware = {
  async onRequest({ request }) {
    const token = await bearer();
    if (token) request.headers.set("Authorization", `Bearer ${token}`);
  },
  async onResponse({ request, response }) {
    if (response.ok) return;
    // The clocks may differ: what only reads is asked again with a new token.
    if (response.status === 401 && (await renewed()) && request.method === "GET") {
      const headers = new Headers(request.headers);
      headers.set("Authorization", `Bearer ${await bearer()}`);
      const again = await fetch(request.url, { headers, signal: request.signal });
      if (again.ok) return again;
      throw await problemOf(again);
    }
    throw await problemOf(response);
  },
  onError({ error }) {
    if (error instanceof Problem || (error instanceof DOMException && error.name === "AbortError")) return;
    return new Problem(0, { detail: error instanceof Error ? error.message : String(error) });
  },
};

export const api = createClient<paths>({ baseUrl: location.origin });
api.use(carry);

/** The JSON of an answer; errors were thrown as a Problem before. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<Exclude<T, string | undefined>> {
  const { data: value } = await answer;
  if (value === undefined || typeof value === "string") throw new Problem(0, { detail: "the answer is not JSON" });
  return value as Exclude<T, string | undefined>;
}

export interface Upload {
  file: File;
  mapping: string;
  backfill: boolean;
  again: boolean;
  asOf: string;
}

/**
 * Uploads a file and reports the share that has left, 0 to 1. The server says where the bytes go: to itself, or into a bucket,
 * which never sees the token. Undefined: they are there, and the file is not in the list yet.
 */
export async function upload(
  what: Upload,
  sent: (share: number) => void,
  signal: AbortSignal,
): Promise<Schemas["File"] | undefined> {
  const ticket = await data(
    api.POST("/v1/uploads", {
      body: {
        name: what.file.name,
        size: what.file.size,
        backfill: what.backfill,
        again: what.again,
        ...(what.mapping && { mapping: what.mapping }),
        ...(what.asOf && { as_of: what.asOf }),
      },
      signal,
    }),
  );
  await put(ticket, what.file, await bearer(), sent, signal);
  return await found(ticket.key, signal);
}

/** Sends bytes where a ticket says. fetch cannot report how far it is. */
function put(
  ticket: Schemas["UploadTicket"],
  file: File,
  token: string,
  sent: (share: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const own = ticket.url.startsWith("/");
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", ticket.url);
    for (const [name, value] of Object.entries(ticket.headers)) request.setRequestHeader(name, value);
    if (own && token) request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.upload.onprogress = (event) => event.lengthComputable && sent(event.loaded / event.total);
    request.onerror = () => reject(new Problem(0, {}));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    request.onload = () => {
      const type = request.getResponseHeader("Content-Type") ?? "";
      const answer = new Response(request.responseText || null, {
        status: request.status,
        headers: { "Content-Type": type },
      });
      if (answer.ok) resolve();
      else problemOf(answer).then(reject);
    };
    signal.addEventListener("abort", () => request.abort());
    if (signal.aborted) request.abort();
    else request.send(own ? file : new Blob([file])); // without a type: the bucket's address is signed without one
  });
}

/** Asks for what became of an upload until it is found, for a while. */
async function found(key: string, signal: AbortSignal): Promise<Schemas["File"] | undefined> {
  for (let pause = 250; pause < 8000; pause *= 2) {
    const state = await data(api.GET("/v1/uploads/{key}", { params: { path: { key } }, signal }));
    if (state.refused) throw new Problem(409, { detail: state.refused, code: "conflict" });
    if (state.file) return state.file;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return undefined;
}

/** Downloads a path of the API into a file of the browser, with the token when there is one. */
export async function download(path: string, name: string): Promise<void> {
  const token = await bearer();
  const answer = await fetch(path, token ? { headers: { Authorization: `Bearer ${token}` } } : {}).catch(() => {
    throw new Problem(0, {});
  });
  if (!answer.ok) throw await problemOf(answer);
  save(await answer.blob(), name);
}

/** Saves bytes as a file of the browser. */
export function save(bytes: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(bytes);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
