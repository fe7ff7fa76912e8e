import { yamlLanguage } from "@codemirror/lang-yaml";
import { type Edits, type Settings, type Value, valueAt } from "./settings";

/** A node of the parser's tree. */
type Node = ReturnType<ReturnType<typeof yamlLanguage.parser.parse>["topNode"]["cursor"]>["node"];

/** Writes changes into a strategy file: what they do not touch stays as it is, comments and all. */
export function withEdits(text: string, edits: Edits, settings: Settings): string {
  let out = text;
  for (const [path, value] of Object.entries(edits)) out = withEdit(out, path, value, settings);
  return out;
}

function withEdit(text: string, path: string, value: Value, settings: Settings): string {
  const keys = path.split(".");
  const root = contentOf(yamlLanguage.parser.parse(text).topNode);
  if (!root) return text;
  let at = root;
  for (const [i, key] of keys.entries()) {
    const found = isList(at) ? itemOf(text, at, key) : valueIn(text, at, key);
    if (!found) {
      // What is not in the file stands at its default: a list of the defaults is written out whole.
      if (value === null) return text;
      if (isList(at)) return i === keys.length - 1 ? appended(text, at, value) : text;
      const list = keys.slice(0, i + 1).join(".");
      const known = valueAt(settings, list);
      const whole = Array.isArray(known) ? known : nested(keys.slice(i + 1), value);
      if (value === 0 && keys[0] === "lifecycle") return text;
      if (i === 0 && Array.isArray(known)) return withList(text, at, key, known);
      return insert(text, at, key, whole as Value);
    }
    at = found;
  }
  if (value === null) return at.parent && inList(at) ? withoutItem(text, at) : removed(text, at);
  if (keys.includes("dwell_days") && value === 0) return removed(text, at);
  const { from, to } = extent(text, at);
  return text.slice(0, from) + scalar(value, text.slice(from, to)) + text.slice(to);
}

const nested = (keys: string[], value: Value): Value =>
  keys.reduceRight<Value>((inner, key) => ({ [key]: inner }), value);

function children(node: Node): Node[] {
  const list: Node[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) list.push(child);
  return list;
}

const mappings = new Set(["BlockMapping", "FlowMapping"]);
const lists = new Set(["BlockSequence", "FlowSequence"]);
const isList = (node: Node) => lists.has(node.name);

/** The first mapping, list or text inside of a node that only holds it. */
function contentOf(node: Node | undefined): Node | undefined {
  if (!node) return undefined;
  if (mappings.has(node.name) || lists.has(node.name) || /Literal|Content/.test(node.name)) return node;
  for (const child of children(node)) {
    if (child.name === "Comment" || child.name === "Key" || /^[-:,[\]{}?]$/.test(child.name)) continue;
    const found = contentOf(child);
    if (found) return found;
  }
  return undefined;
}

function pairs(node: Node): Node[] {
  return mappings.has(node.name) ? children(node).filter((child) => child.name === "Pair") : [];
}

function keyOf(text: string, pair: Node): string {
  const key = pair.getChild("Key");
  const raw = key ? text.slice(key.from, key.to).trim() : "";
  return raw.replace(/^(["'])(.*)\1$/, "$2");
}

function valueIn(text: string, mapping: Node, key: string): Node | undefined {
  const pair = pairs(mapping).find((one) => keyOf(text, one) === key);
  if (!pair) return undefined;
  const colon = children(pair).find((child) => child.name === ":");
  const inside = children(pair).filter((child) => child.from >= (colon?.to ?? pair.from) && child !== colon);
  for (const child of inside) {
    const found = contentOf(child);
    if (found) return found;
  }
  return undefined;
}

/** The entry of a list that has a name: the value of its first key. */
function itemOf(text: string, list: Node, name: string): Node | undefined {
  for (const item of children(list)) {
    const mapping = contentOf(item);
    const first = mapping && pairs(mapping).find((pair) => ["name", "tag"].includes(keyOf(text, pair)));
    const value = mapping && first && valueIn(text, mapping, keyOf(text, first));
    if (value && unquoted(text.slice(value.from, value.to)) === name) return mapping;
  }
  return undefined;
}

function unquoted(raw: string): string {
  const trimmed = raw.trim();
  if (trimmed.startsWith('"')) return JSON.parse(trimmed) as string;
  if (trimmed.startsWith("'")) return trimmed.slice(1, -1).replace(/''/g, "'");
  return trimmed;
}

/** Where a value stands, without the blanks and comments behind it. */
function extent(text: string, node: Node): { from: number; to: number } {
  const raw = text.slice(node.from, node.to);
  return { from: node.from, to: node.from + raw.trimEnd().length };
}

/** A value as the file writes it: plain where that is safe, in the quotes that stood there, lists and mappings on one line. */
function scalar(value: Value, before = ""): string {
  if (typeof value !== "string") return flow(value);
  if (
    before.startsWith("'") ||
    /^[\s!&*?|>%@`"'#,[\]{}-]|: | #|\s$|^$|^(true|false|null|~|yes|no|on|off)$/i.test(value) ||
    /:$/.test(value)
  )
    return `'${value.replace(/'/g, "''")}'`;
  return value;
}

function flow(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (value && typeof value === "object") {
    const filled = Object.entries(value).filter(([, v]) => v !== "" && v !== null);
    return `{${filled.map(([k, v]) => `${k}: ${flow(v)}`).join(", ")}}`;
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** Adds a key to a mapping: on a line of its own behind the others, or inside of the braces. */
function insert(text: string, mapping: Node, key: string, value: Value): string {
  const all = pairs(mapping);
  if (mapping.name === "FlowMapping") {
    const at = text.lastIndexOf("}", mapping.to);
    return `${text.slice(0, at).trimEnd()}${all.length > 0 ? ", " : ""}${key}: ${flow(value)}${text.slice(at)}`;
  }
  const first = all[0];
  const last = all.at(-1);
  if (!first || !last) return text;
  const line = text.lastIndexOf("\n", first.from - 1) + 1;
  const indent = " ".repeat(first.from - line);
  const end = text.indexOf("\n", last.from + text.slice(last.from, last.to).trimEnd().length);
  const at = end < 0 ? text.length : end;
  return `${text.slice(0, at)}\n${indent}${key}: ${scalar(value)}${text.slice(at)}`;
}

/** A section that is a list, an entry a line, at the end of the file. */
function withList(text: string, root: Node, key: string, list: readonly Value[]): string {
  const lines = list.map((one) => `\n  - ${flow(one)}`).join("");
  if (mappings.has(root.name) && root.name !== "FlowMapping") return `${text.trimEnd()}\n${key}:${lines}\n`;
  return insert(text, root, key, list);
}

/** Adds an entry to a list, behind the others. */
function appended(text: string, list: Node, value: Value): string {
  const items = children(list).filter((child) => child.name === "Item");
  const last = items.at(-1);
  if (list.name === "FlowSequence") {
    const at = text.lastIndexOf("]", list.to);
    const before = text.slice(0, at).trimEnd();
    return `${before}${before.endsWith("[") || before.endsWith(",") ? "" : ", "}${flow(value)}${text.slice(at)}`;
  }
  if (!last) return text;
  const dash = text.lastIndexOf("-", last.from);
  const indent = " ".repeat(dash - (text.lastIndexOf("\n", dash) + 1));
  const end = text.indexOf("\n", extent(text, last).to);
  const at = end < 0 ? text.length : end;
  return `${text.slice(0, at)}\n${indent}- ${flow(value)}${text.slice(at)}`;
}

function itemAround(node: Node): Node | undefined {
  for (let at = node.parent; at && at.name !== "Pair"; at = at.parent) {
    if (at.name === "Item" || at.parent?.name === "FlowSequence") return at;
  }
  return undefined;
}

/** Whether a mapping is an entry of a list. */
function inList(node: Node): boolean {
  return node.parent?.name === "FlowSequence" || itemAround(node) !== undefined;
}

/** Takes an entry out of its list, with the comments on its lines. The last one leaves an empty list. */
function withoutItem(text: string, entry: Node): string {
  const item = entry.parent?.name === "FlowSequence" ? entry : itemAround(entry);
  const list = item?.parent;
  if (!item || !list) return text;
  const { to } = extent(text, item);
  if (list.name === "FlowSequence") {
    const before = text.slice(0, item.from).replace(/,\s*$/, "");
    const after = text.slice(to);
    return before + (before.length === item.from ? after.replace(/^\s*,\s*/, "") : after);
  }
  if (children(list).filter((child) => child.name === "Item").length === 1) {
    const from = text.slice(0, text.lastIndexOf("-", item.from)).trimEnd().length;
    return `${text.slice(0, from)} []${text.slice(to)}`;
  }
  const line = text.lastIndexOf("\n", item.from) + 1;
  const end = text.indexOf("\n", to);
  return text.slice(0, line) + (end < 0 ? "" : text.slice(end + 1));
}

/** Takes a pair out of its mapping; a mapping that it leaves empty goes too. */
function removed(text: string, value: Node): string {
  let pair: Node | null = value;
  while (pair && pair.name !== "Pair") pair = pair.parent;
  if (!pair) return text;
  const around = pair.parent;
  if (around?.parent?.name === "Pair" && pairs(around).length === 1) return removed(text, around);
  if (pair.parent?.name === "FlowMapping") {
    const before = text.slice(0, pair.from).replace(/,\s*$/, "");
    const after = text.slice(pair.to);
    const first = before.length === pair.from;
    return before + (first ? after.replace(/^\s*,\s*/, "") : after);
  }
  const line = text.lastIndexOf("\n", pair.from) + 1;
  const end = text.indexOf("\n", extent(text, pair).to);
  return text.slice(0, line) + (end < 0 ? "" : text.slice(end + 1));
}
