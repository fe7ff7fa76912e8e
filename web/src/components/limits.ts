/** Why a limit of outreach keeps a message back, as the server words it (shared/outreach, shared/app/limits.go). */
const worded = {
  cappedDays: /^capped: (?<cap>\S+) allows (?<max>\d+) messages in (?<window>\d+) days$/,
  cappedHours: /^capped: (?<cap>\S+) allows (?<max>\d+) messages in (?<window>\d+) hours$/,
  quiet: /^quiet: by (?<channel>\S+) from (?<from>[\d:]+) to (?<to>[\d:]+) in the user's zone (?<zone>\S+)$/,
  quietProject:
    /^quiet: by (?<channel>\S+) from (?<from>[\d:]+) to (?<to>[\d:]+) in the project's zone, for the user's is not known: (?<zone>\S+)$/,
  holdout: /^holdout: the user is among the (?<percent>\d+) % who get no message$/,
  expired: /^expired: it was not sent within (?<hours>\d+) hours(?:; at last (?<last>.+))?$/,
} as const;

export interface Limit {
  key: keyof typeof worded;
  values: Record<string, string>;
  /** Of an expired message: why it waited at last. */
  last?: string;
}

/** Takes such a sentence apart, so that it can be said in another language; undefined for any other. */
export function readLimit(said: string): Limit | undefined {
  for (const [key, pattern] of Object.entries(worded)) {
    const found = pattern.exec(said);
    if (found) {
      const { last, ...values } = found.groups ?? {};
      return { key: key as Limit["key"], values, last };
    }
  }
  return undefined;
}
