import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en";
import zh from "./zh-CN";

type Tree = { [key: string]: string | Tree };

function flatten(tree: Tree, prefix = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") out.set(prefix + key, value);
    else for (const [inner, text] of flatten(value, `${prefix}${key}.`)) out.set(inner, text);
  }
  return out;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "i18n" ? [] : sources(path);
    return /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$|\.gen\.ts$/.test(entry.name) ? [path] : [];
  });
}

const english = flatten(en);
const chinese = flatten(zh);
const code = sources("src")
  .map((path) => readFileSync(path, "utf8"))
  .join("\n");

/** Keys that the code names, and the fixed beginnings of those that it puts together. */
const named = new Set([...code.matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => match[1] ?? ""));
const conditional = [...code.matchAll(/\?\s*"([a-z]\w*\.[\w.]+)"\s*:\s*"([a-z]\w*\.[\w.]+)"/gi)];
const composed = [...code.matchAll(/\bt\(\s*`([^`$]+)\$\{/g)].map((match) => match[1] ?? "");
// The groups of words for the server's codes are listed in components/known.ts.
const groups = [...code.matchAll(/\bword\("(\w+)"\)/g)].map((match) => `${match[1]}.`);
const plural = /_(?:zero|one|two|few|many|other)$/;

describe("the texts", () => {
  it("have the same keys in every language", () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("are nowhere empty", () => {
    for (const texts of [english, chinese]) {
      expect([...texts].filter(([, text]) => text.trim() === "")).toEqual([]);
    }
  });

  it("take the same values in every language", () => {
    const slots = (text: string) => [...text.matchAll(/\{\{\s*(\w+)/g)].map((match) => match[1]).sort();
    for (const [key, text] of english) expect([key, ...slots(chinese.get(key) ?? "")]).toEqual([key, ...slots(text)]);
  });

  it("are Chinese in Chinese", () => {
    const same = [...chinese].filter(([key, text]) => /[a-z]{3}/i.test(text) && text === english.get(key));
    const names = ["frame.version", "user.linkAlias", "user.linkIdentify", "users.filter.rfm"];
    const named = (key: string) => names.includes(key) || key.startsWith("model."); // models go by their names in papers
    expect(same.map(([key]) => key).filter((key) => !named(key))).toEqual([]);
  });

  it("lack no key that the code names", () => {
    const missing = [...named].filter((key) => !english.has(key) && !english.has(`${key}_other`));
    expect(missing).toEqual([]);
    expect(named.size).toBeGreaterThan(150);
  });

  it("hold no key that the code never uses", () => {
    const used = (key: string) => {
      const stem = key.replace(plural, "");
      return (
        named.has(key) ||
        named.has(stem) ||
        conditional.some((match) => match[1] === stem || match[2] === stem) ||
        // A key that is put together ends one word after its fixed beginning.
        composed.some((start) => key.startsWith(start) && !stem.slice(start.length).includes(".")) ||
        [...groups, "why."].some((start) => key.startsWith(start))
      );
    };
    expect([...english.keys()].filter((key) => !used(key))).toEqual([]);
  });
});
