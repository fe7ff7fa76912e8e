import type { Edits } from "../../core/whatif/settings";

/** Changes with a name, to be compared with others. */
export interface Scenario {
  name: string;
  edits: Edits;
}

/** What of the page stands in its address: a link shows the same. */
export interface Address {
  scenarios: Scenario[];
  on: number;
  condition: string;
}

const MOST = 6;

export function readAddress(params: URLSearchParams, first: string): Address {
  const scenarios: Scenario[] = [];
  for (const text of params.getAll("s").slice(0, MOST)) {
    try {
      const [name, edits] = JSON.parse(text) as [unknown, unknown];
      if (typeof name === "string" && edits && typeof edits === "object" && !Array.isArray(edits))
        scenarios.push({ name: name.slice(0, 40), edits: edits as Edits });
    } catch {
      // A scenario that was cut off on its way is left out.
    }
  }
  if (scenarios.length === 0) scenarios.push({ name: first, edits: {} });
  const on = Math.min(Math.max(0, Number(params.get("on")) || 0), scenarios.length - 1);
  return { scenarios, on, condition: params.get("where") ?? "" };
}

export function writeAddress(old: URLSearchParams, { scenarios, on, condition }: Address): URLSearchParams {
  const params = new URLSearchParams(old);
  for (const key of ["s", "on", "where"]) params.delete(key);
  const plain = scenarios.length === 1 && Object.keys(scenarios[0]?.edits ?? {}).length === 0;
  if (!plain) for (const { name, edits } of scenarios) params.append("s", JSON.stringify([name, edits]));
  if (on > 0) params.set("on", String(on));
  if (condition) params.set("where", condition);
  return params;
}
