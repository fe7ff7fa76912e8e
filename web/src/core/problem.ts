/** An error that the API answered with, after RFC 9457; hint says what to do next. status 0: the server did not answer. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
  readonly code: string;
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly body: Record<string, unknown>;

  constructor(status: number, body: Record<string, unknown>) {
    const text = (key: string) => (typeof body[key] === "string" ? (body[key] as string) : "");
    const whole = (key: string) => (typeof body[key] === "number" ? (body[key] as number) : 0);
    super(text("detail") || text("title") || `HTTP ${status}`);
    this.name = "Problem";
    this.status = status;
    this.title = text("title");
    this.detail = text("detail");
    this.hint = text("hint");
    this.code = text("code");
    this.line = whole("line");
    this.column = whole("column") || whole("col");
    this.expected = text("expected");
    this.body = body;
  }

  /** Whether trying the same request again can help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, { detail: error instanceof Error ? error.message : String(error) });
}

/** Reads the answer's problem+json, whatever else a proxy may have put in its place. */
export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => "");
  try {
    const body: unknown = JSON.parse(text);
    if (body && typeof body === "object") return new Problem(response.status, body as Record<string, unknown>);
  } catch {
    // Not JSON: shown as it is, cut short.
  }
  return new Problem(response.status, { title: response.statusText, detail: text.slice(0, 300) });
}
