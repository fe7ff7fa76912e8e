import * as oauth from "oauth4webapi";
import type { Schemas } from "./api";

/** What a person signed in for. `expires` is in milliseconds of the clock of this machine. */
export interface Tokens {
  bearer: string;
  expires: number;
  refresh: string;
  id: string;
  name: string;
  roles: string[];
}

/** What has to come back from the issuer as it was sent, and where the person was. */
export interface Pending {
  state: string;
  nonce: string;
  verifier: string;
  back: string;
}

/** Why somebody is not signed in; detail is the issuer's own text. */
export class SignInProblem extends Error {
  constructor(
    readonly why: "state" | "refused" | "exchange" | "unreachable" | "ended" | "other",
    readonly detail = "",
  ) {
    super(detail || why);
  }
}

/** Where the issuer leads back to. */
export const RETURN = "/signin";

const returnAddress = () => location.origin + RETURN;

/** An issuer on this machine may do without TLS; every other one has it. */
function options(config: Schemas["Config"]) {
  const { protocol, hostname } = new URL(config.issuer ?? "");
  const here = protocol === "http:" && /^(localhost|127\.0\.0\.1)$/.test(hostname);
  return here ? { [oauth.allowInsecureRequests]: true } : {};
}

async function server(config: Schemas["Config"]): Promise<oauth.AuthorizationServer> {
  const issuer = config.issuer ?? "";
  if (config.authorize && config.exchange)
    return { issuer, authorization_endpoint: config.authorize, token_endpoint: config.exchange };
  const answer = await oauth.discoveryRequest(new URL(issuer), options(config));
  const found = await oauth.processDiscoveryResponse(new URL(issuer), answer);
  return config.exchange ? { ...found, token_endpoint: config.exchange } : found;
}

const client = (config: Schemas["Config"]): oauth.Client => ({ client_id: config.client_id ?? "" });

/** The address of the issuer's page, and what has to come back. */
export async function begin(config: Schemas["Config"], back: string): Promise<{ to: string; pending: Pending }> {
  return await inWords(async () => {
    const { authorization_endpoint } = await server(config);
    if (!authorization_endpoint) throw new SignInProblem("other", "the issuer names no page to sign in");
    const pending = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
      back,
    };
    const to = new URL(authorization_endpoint);
    for (const [name, value] of Object.entries({
      response_type: "code",
      client_id: config.client_id ?? "",
      redirect_uri: returnAddress(),
      scope: config.scopes ?? "openid",
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
    }))
      to.searchParams.set(name, value);
    return { to: to.href, pending };
  });
}

/** Exchanges the code that the issuer led back with. */
export async function finish(config: Schemas["Config"], params: URLSearchParams, pending: Pending): Promise<Tokens> {
  return await inWords(async () => {
    const as = await server(config);
    let good: URLSearchParams;
    try {
      good = oauth.validateAuthResponse(as, client(config), params, pending.state);
    } catch (error) {
      if (error instanceof oauth.AuthorizationResponseError) throw error;
      throw new SignInProblem("state");
    }
    const answer = await oauth.authorizationCodeGrantRequest(
      as,
      client(config),
      oauth.None(),
      good,
      returnAddress(),
      pending.verifier,
      options(config),
    );
    const got = await oauth.processAuthorizationCodeResponse(as, client(config), answer, {
      expectedNonce: pending.nonce,
      requireIdToken: true,
    });
    return tokens(config, got);
  });
}

/** New tokens for the refresh token. An issuer that sends no new refresh token lets the old one go on. */
export async function renew(config: Schemas["Config"], old: Tokens): Promise<Tokens> {
  return await inWords(async () => {
    const as = await server(config);
    const answer = await oauth.refreshTokenGrantRequest(as, client(config), oauth.None(), old.refresh, options(config));
    return tokens(config, await oauth.processRefreshTokenResponse(as, client(config), answer), old);
  });
}

/** Where one signs out, with the address of the console to come back to; undefined when the issuer has no such page. */
export async function leaving(config: Schemas["Config"], id: string): Promise<string | undefined> {
  const home = `${location.origin}/`;
  if (config.logout) return config.logout.replace("{return}", encodeURIComponent(home));
  const { end_session_endpoint } = await server(config);
  if (!end_session_endpoint) return undefined;
  const to = new URL(end_session_endpoint);
  to.searchParams.set("client_id", config.client_id ?? "");
  to.searchParams.set("post_logout_redirect_uri", home);
  if (id) to.searchParams.set("id_token_hint", id);
  return to.href;
}

function tokens(config: Schemas["Config"], got: oauth.TokenEndpointResponse, old?: Tokens): Tokens {
  const bearer = config.token === "access_token" ? got.access_token : got.id_token;
  if (!bearer) throw new SignInProblem("other", "the issuer sent no ID token");
  const own = claimsOf(bearer);
  const person = got.id_token ? claimsOf(got.id_token) : {};
  const known = [person.name, person.email, person.preferred_username, own.sub].find((one) => typeof one === "string");
  const seconds = typeof own.exp === "number" ? own.exp : Date.now() / 1000 + (got.expires_in ?? 300);
  return {
    bearer,
    expires: seconds * 1000,
    refresh: got.refresh_token ?? old?.refresh ?? "",
    id: got.id_token ?? old?.id ?? "",
    name: typeof known === "string" ? known : (old?.name ?? ""),
    roles: rolesIn(own[config.roles_claim ?? ""]),
  };
}

/** The claims of a token, to show them; who may do what is the API's to check. */
export function claimsOf(token: string): Record<string, unknown> {
  try {
    const part = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(part), (c) => c.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return claims && typeof claims === "object" ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The roles of a claim: a list, or names with blanks or commas between. */
export function rolesIn(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.filter((one) => typeof one === "string");
  return typeof claim === "string" ? claim.split(/[\s,]+/).filter(Boolean) : [];
}

async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SignInProblem) throw error;
    if (error instanceof oauth.AuthorizationResponseError)
      throw new SignInProblem("refused", error.error_description ?? error.error);
    if (error instanceof oauth.ResponseBodyError)
      throw new SignInProblem("exchange", error.error_description ?? error.error);
    if (error instanceof TypeError && !("code" in error)) throw new SignInProblem("unreachable");
    throw new SignInProblem("other", error instanceof Error ? error.message : String(error));
  }
}
