/** A number that something is compared with in a condition, and where it stands in the text. */
export interface ConditionNumber {
  /** What is compared, as the condition writes it: orders, metrics.spend[90]. */
  ref: string;
  /** As if the number stood on the right. */
  op: string;
  value: number;
  from: number;
  to: number;
}

const NAME = String.raw`[\p{L}_][\p{L}\p{N}_.]*(?:\([^()]*\)(?:\.[\p{L}_]+)?)?(?:\[\d+\])?`;
const OP = "<=|>=|==|!=|<|>";
const NUMBER = String.raw`-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const right = new RegExp(String.raw`(${NAME})\s*(${OP})\s*(${NUMBER})(?![\p{L}\p{N}_.(])`, "gu");
const left = new RegExp(String.raw`(?<![\p{L}\p{N}_.\])])(${NUMBER})\s*(${OP})\s*(${NAME})`, "gu");
const turned: { [op: string]: string } = { "<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!=" };

/** The numbers of a condition, in the order of the text. Texts in quotes are not looked into, save as arguments. */
export function conditionNumbers(text: string): ConditionNumber[] {
  const masked = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (quoted) => "\u0001".repeat(quoted.length));
  const list: ConditionNumber[] = [];
  for (const match of masked.matchAll(right)) {
    const [all, ref = "", op = "", number = ""] = match;
    const to = match.index + all.length;
    const start = match.index;
    list.push({
      ref: text.slice(start, start + ref.length),
      op,
      value: Number(number),
      from: to - number.length,
      to,
    });
  }
  for (const match of masked.matchAll(left)) {
    const [all, number = "", op = "", ref = ""] = match;
    const end = match.index + all.length;
    list.push({
      ref: text.slice(end - ref.length, end),
      op: turned[op] ?? op,
      value: Number(number),
      from: match.index,
      to: match.index + number.length,
    });
  }
  return list.sort((a, b) => a.from - b.from);
}

/** The condition with another number at a place. */
export function withNumber(text: string, place: { from: number; to: number }, value: number): string {
  return text.slice(0, place.from) + String(value) + text.slice(place.to);
}
