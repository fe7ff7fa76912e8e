import { useSyncExternalStore } from "react";
import type { Schemas } from "./api";
import type { Pending, SignInProblem, Tokens } from "./oidc";

/**
 * Who uses the console.
 * - open: nobody has to sign in, or people bring a token of their own.
 * - out: somebody has to; problem says why it did not work.
 * - in: somebody is; ended says that the issuer gives no new token, and everything stays as it is until they sign in again.
 */
export type Session =
  | { kind: "open" }
  | { kind: "out"; issuer: string; problem?: Pick<SignInProblem, "why" | "detail"> }
  | { kind: "in"; name: string; role: Role | ""; ended: boolean };

const ROLES = ["viewer", "editor", "approver", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** A token is renewed when it is good for less than this, in milliseconds. */
const SOON = 60_000;
const OWN_TOKEN = "weir.token";
const TOKENS = "weir.session";
const PENDING = "weir.signin";

// Tokens stand in the storage of the tab: it outlives a reload, is no other tab's, and is gone with the tab. In memory alone every reload
// would lead over the issuer, and a frame that renews quietly is what browsers take away from other sites. A script of others could use
// either; the content security policy lets none run.
let config: Schemas["Config"] = { sign_in: "none" };
let session: Session = { kind: "open" };
let tokens: Tokens | undefined;
let renewing: Promise<boolean> | undefined;
const listeners = new Set<() => void>();

/** Asks how one signs in, and signs in whom the issuer has led back here. */
export async function startSession(): Promise<void> {
  config = await fetch("/v1/config", { signal: AbortSignal.timeout(10_000) })
    .then(async (answer) => (answer.ok ? ((await answer.json()) as Schemas["Config"]) : config))
    .catch(() => config); // whatever is wrong, the first page says it
  if (config.sign_in !== "oidc") return;
  const pending = take<Pending>(PENDING);
  tokens = read<Tokens>(TOKENS);
  const oidc = await import("./oidc");
  if (location.pathname === oidc.RETURN) {
    const params = new URLSearchParams(location.search);
    // The code is good for one use: it stays in no history, whatever becomes of it.
    history.replaceState(null, "", pending?.back ?? "/");
    if (pending) {
      try {
        become(await oidc.finish(config, params, pending));
      } catch (error) {
        forget();
        out(error as SignInProblem);
      }
      return;
    }
    if (!tokens) return out({ why: "state", detail: "" });
  }
  if (tokens) become(tokens);
  else out();
}

function become(next: Tokens): void {
  tokens = next;
  write(TOKENS, next);
  set({ kind: "in", name: next.name, role: highest(next.roles), ended: false });
}

function out(problem?: Pick<SignInProblem, "why" | "detail">): void {
  set({ kind: "out", issuer: host(config.authorize ?? config.issuer ?? ""), ...(problem && { problem }) });
}

/** The last of the roles that somebody has. */
export function highest(roles: readonly string[]): Role | "" {
  return ROLES.findLast((role) => roles.includes(role)) ?? "";
}

/** Leads to the issuer, which leads back to the page that is shown now. */
export async function signIn(): Promise<void> {
  const { begin } = await import("./oidc");
  try {
    const { to, pending } = await begin(config, location.pathname + location.search + location.hash);
    write(PENDING, pending);
    location.assign(to);
  } catch (error) {
    if (session.kind === "in") throw error;
    out(error as SignInProblem);
  }
}

/** Signs out here and at the issuer. */
export async function signOut(): Promise<void> {
  const { leaving } = await import("./oidc");
  const id = tokens?.id ?? "";
  forget();
  const to = await leaving(config, id).catch(() => undefined);
  if (to) location.assign(to);
  else out();
}

function forget(): void {
  tokens = undefined;
  take(TOKENS);
}

/** What a request to the API carries, renewed when it would soon expire; "" when there is none. */
export async function bearer(): Promise<string> {
  if (config.sign_in !== "oidc") return ownToken();
  if (tokens && tokens.expires - Date.now() < SOON) await renewed();
  return tokens?.bearer ?? "";
}

/** Renews the token once, however many ask at a time. False: it could not be. */
export function renewed(): Promise<boolean> {
  if (config.sign_in !== "oidc" || !tokens) return Promise.resolve(false);
  renewing ??= renew(tokens).finally(() => {
    renewing = undefined;
  });
  return renewing;
}

async function renew(old: Tokens): Promise<boolean> {
  const oidc = await import("./oidc");
  try {
    if (!old.refresh) throw new oidc.SignInProblem("ended");
    become(await oidc.renew(config, old));
    return true;
  } catch (error) {
    if ((error as SignInProblem).why === "unreachable") return false; // it may come back: nobody is signed out for that
    forget();
    if (session.kind === "in") set({ ...session, ended: true });
    return false;
  }
}

/** The token that somebody brought to a Weir that asks for one. It lasts as long as the tab. */
export function ownToken(): string {
  try {
    return sessionStorage.getItem(OWN_TOKEN) ?? "";
  } catch {
    return "";
  }
}

export function setOwnToken(value: string): void {
  try {
    sessionStorage.setItem(OWN_TOKEN, value.trim());
  } catch {
    // Without storage every page asks again.
  }
}

function set(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

export function getSession(): Session {
  return session;
}

export function useSession(): Session {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, getSession);
}

/** Whether requests would be refused until somebody signs in again. */
export function useEnded(): boolean {
  const now = useSession();
  return now.kind === "in" && now.ended;
}

function host(address: string): string {
  try {
    return new URL(address).host;
  } catch {
    return address;
  }
}

function read<T>(key: string): T | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(key) ?? "null") as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage one signs in after each reload.
  }
}

function take<T>(key: string): T | undefined {
  const value = read<T>(key);
  try {
    sessionStorage.removeItem(key);
  } catch {
    // There was none.
  }
  return value;
}
