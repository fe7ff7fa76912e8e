import { type Edits, type Settings, type Value, valueAt } from "./settings";

/** Changes without those that say what is published. */
export function tidy(edits: Edits, published: Settings): Edits {
  const idle = (path: string, value: Value) => {
    const was = valueAt(published, path);
    if (was === undefined) return value === 0 || value === null;
    return JSON.stringify(was) === JSON.stringify(value);
  };
  return Object.fromEntries(Object.entries(edits).filter(([path, value]) => !idle(path, value)));
}

/** Changes with another value at a path. What belongs to an entry that the changes add is changed in that entry. */
export function withValue(edits: Edits, path: string, value: Value, published: Settings): Edits {
  const owner = Object.keys(edits).find((one) => path.startsWith(`${one}.`) && isEntry(edits[one]));
  if (owner === undefined) return tidy({ ...edits, [path]: value }, published);
  const key = path.slice(owner.length + 1);
  return { ...edits, [owner]: { ...(edits[owner] as { [key: string]: Value }), [key]: value } };
}

/** Changes with an entry of a list more; one that was taken away comes back with other contents. */
export function withEntry(edits: Edits, list: string, entry: { name: string; [key: string]: Value }): Edits {
  return { ...edits, [`${list}.${entry.name}`]: entry };
}

/** Changes without an entry of a list: one that they add is forgotten, one that is published is taken away. */
export function withoutEntry(edits: Edits, path: string, published: Settings): Edits {
  const others = Object.entries(edits).filter(([one]) => one !== path && !one.startsWith(`${path}.`));
  return tidy({ ...Object.fromEntries(others), [path]: null }, published);
}

/** The names of entries of a list that the changes take away. */
export function goneFrom(edits: Edits, list: string): string[] {
  return Object.keys(edits)
    .filter((path) => edits[path] === null && path.startsWith(`${list}.`))
    .map((path) => path.slice(list.length + 1));
}

function isEntry(value: Value | undefined): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Who needs a tag or a segment: the rules and conditions that name it, as their names. */
export function usersOf(settings: Settings, kind: "tags" | "segments", name: string): string[] {
  const call = `${kind}.has("${name}")`;
  const { lifecycle, tags, segments, engagement, outreach } = settings;
  const named = [...lifecycle.stages, ...tags, ...segments, ...(engagement ?? [])];
  return [
    ...named.filter((one) => one.when.replace(/\s/g, "").replace(/'/g, '"').includes(call)).map((one) => one.name),
    ...outreach.rules.filter(({ on }) => kind === "segments" && on.enter_segment === name).map((rule) => rule.name),
  ].filter((user) => user !== name);
}

/** Whether a name can stand in a strategy and in the address of a change. */
export function fitsAsName(name: string): boolean {
  return name.length > 0 && [...name].length <= 64 && !/[\s"'\\,;|.\u00a0\u3000]/.test(name);
}

/** The stages that may follow one, after one of them was allowed or forbidden; null: all of them. */
export function allowedAfter(settings: Settings, published: Settings, from: string, to: string): Value {
  const others = settings.lifecycle.stages.map(({ name }) => name).filter((name) => name !== from);
  const now = new Set(settings.lifecycle.transitions[from] ?? others);
  if (!now.delete(to)) now.add(to);
  const was = published.lifecycle.transitions[from];
  if (was && was.length === now.size && was.every((name) => now.has(name))) return [...was];
  if (!was && now.size === others.length) return null;
  return others.filter((name) => now.has(name));
}
