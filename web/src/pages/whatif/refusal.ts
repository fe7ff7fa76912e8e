import type { Schemas } from "../../core/api";
import { type Edits, edited, valueAt } from "../../core/whatif/settings";
import type { Source } from "../../core/whatif/source";

/** A mistake in the changes: the entry whose condition it is in, and where. */
export interface Refused {
  path: string;
  problem: Schemas["TextProblem"];
}

/** What the engine calls the entries of a list. */
const called: { [list: string]: string } = {
  lifecycle: "stage",
  tags: "tag",
  segments: "segment",
  engagement: "engagement",
};

/** Whether a refusal speaks of a condition of the changes: of which, and where in it. */
export function placeOfRefusal(
  refused: { message: string; line: number; column: number } | undefined,
  source: Source,
  edits: Edits,
): Refused | undefined {
  if (!refused) return undefined;
  const settings = edited(source.settings, edits);
  for (const edit of Object.keys(edits)) {
    const path = edit.replace(/\.when$/, "");
    const [list = "", ...rest] = path.split(".");
    const said = `${called[list]} ${rest.at(-1)}: `;
    if (!refused.message.startsWith(said) && !refused.message.startsWith(`${path}.when`)) continue;
    if (valueAt(settings, `${path}.when`) === undefined) continue;
    const message = refused.message.replace(said, "").replace(/^\d+:\d+: /, "");
    return { path, problem: { line: refused.line || 1, col: refused.column || 1, message } };
  }
  return undefined;
}
