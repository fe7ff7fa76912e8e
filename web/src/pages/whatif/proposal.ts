import type { WhatIf } from "../../core/whatif/report";

const DRAFT = "weir.draft";
const PROPOSAL = "weir.proposal";

/** Hands a draft to the strategy page, with what it was seen to do. */
export function keepProposal(draft: { text: string; from: string }, report: WhatIf): void {
  try {
    localStorage.setItem(DRAFT, JSON.stringify(draft));
    sessionStorage.setItem(PROPOSAL, JSON.stringify({ text: draft.text, report }));
  } catch {
    // Without storage there is no draft: the strategy page shows what is in force.
  }
}

/** Forgets the draft, once it is stored as a proposal. */
export function dropDraft(): void {
  try {
    localStorage.removeItem(DRAFT);
  } catch {
    // Nothing was kept then.
  }
}

/** What a draft was seen to do; undefined for a text that was not proposed, or was changed since. */
export function proposalOf(text: string): WhatIf | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PROPOSAL) ?? "null") as { text: string; report: WhatIf } | null;
    return kept?.text === text ? kept.report : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What whoever publishes a draft saw of it, so that the server asks again when other users would move by then; undefined where
 * the whole base was not seen under the versions in question.
 */
export function previewOf(text: string, from: string) {
  const report = proposalOf(text);
  if (!report || report.published_version !== from || report.snapshot.weight !== 1) return undefined;
  const moved = report.stages.moves.reduce((sum, move) => sum + (move.from === move.to ? 0 : move.users), 0);
  return { from, to: report.tried_version, users: report.users, moved };
}
