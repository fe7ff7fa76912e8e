import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./api.gen";
import { Problem, problemOf } from "./problem";

/** The API's types by their names in openapi.yaml. */
export type Schemas = components["schemas"];

const TOKEN = "weir.token";

/** The token for a Weir that listens beyond loopback. It lasts as long as the tab. */
export function token(): string {
  try {
    return sessionStorage.getItem(TOKEN) ?? "";
  } catch {
    return "";
  }
}

export function setToken(value: string): void {
  try {
    sessionStorage.setItem(TOKEN, value.trim());
  } catch {
    // Without storage every page asks again.
  }
}

const carry: Middleware = {
  onRequest({ request }) {
    const bearer = token();
    if (bearer) request.headers.set("Authorization", `Bearer ${bearer}`);
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
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

/** Uploads a file and reports the share that has left, 0 to 1. fetch cannot report that. */
export function upload(what: Upload, sent: (share: number) => void, signal: AbortSignal): Promise<Schemas["File"]> {
  const form = new FormData();
  form.append("name", what.file.name);
  if (what.mapping) form.append("mapping", what.mapping);
  if (what.asOf) form.append("as_of", what.asOf);
  form.append("backfill", String(what.backfill));
  form.append("again", String(what.again));
  form.append("file", what.file, what.file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/files");
    const bearer = token();
    if (bearer) request.setRequestHeader("Authorization", `Bearer ${bearer}`);
    request.upload.onprogress = (event) => event.lengthComputable && sent(event.loaded / event.total);
    request.onerror = () => reject(new Problem(0, {}));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    request.onload = () => {
      const type = request.getResponseHeader("Content-Type") ?? "";
      const answer = new Response(request.responseText, { status: request.status, headers: { "Content-Type": type } });
      if (answer.ok) resolve(answer.json() as Promise<Schemas["File"]>);
      else problemOf(answer).then(reject);
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** Downloads a path of the API into a file of the browser, with the token when there is one. */
export async function download(path: string, name: string): Promise<void> {
  const bearer = token();
  const answer = await fetch(path, bearer ? { headers: { Authorization: `Bearer ${bearer}` } } : {}).catch(() => {
    throw new Problem(0, {});
  });
  if (!answer.ok) throw await problemOf(answer);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
