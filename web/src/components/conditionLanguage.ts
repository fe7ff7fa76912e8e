import {
  type Completion,
  type CompletionContext,
  type CompletionResult,
  snippetCompletion,
} from "@codemirror/autocomplete";
import { StreamLanguage } from "@codemirror/language";
import type { Schemas } from "../core/api";

type Name = Schemas["ConditionName"];
type Seen = Schemas["SeenEvent"];

const words = /^(?:and|or|not|in|contains|startsWith|endsWith)\b/;

/** Highlights the condition language; whether a condition is right is for the server to say. */
export const conditionLanguage = StreamLanguage.define({
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^'(?:[^'\\]|\\.)*'?/)) return "string";
    if (stream.match(/^\d+(?:\.\d+)?/)) return "number";
    if (stream.match(words)) return "keyword";
    if (stream.match(/^(?:true|false|null)\b/)) return "bool";
    if (stream.match(/^(?:&&|\|\||[=!<>]=|[<>!+\-*/])/)) return "operator";
    if (stream.match(/^[\p{L}_][\p{L}\p{N}_]*(?=\()/u)) return "variableName.function";
    if (stream.match(/^[\p{L}_][\p{L}\p{N}_]*/u)) return "propertyName";
    stream.next();
    return null;
  },
  languageData: { closeBrackets: { brackets: ["(", "[", '"', "'"] } },
});

/**
 * Offers the strategy's names, behind a comparison the values that the name can have, and in a measure the events that came with
 * their properties.
 */
export function completeCondition(names: readonly Name[], keywords: readonly string[], events: readonly Seen[] = []) {
  const all = [...names.map(nameCompletion), ...keywords.map((word) => ({ label: word, type: "keyword" }))];
  return (context: CompletionContext): CompletionResult | null => {
    const values = valuesAt(names, context);
    if (values) return values;
    const seen = eventsAt(events, context);
    if (seen) return seen;
    const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_.]*$/u);
    if (!word && !context.explicit) return null;
    return { from: word?.from ?? context.pos, options: all, validFor: /^[\p{L}\p{N}_.]*$/u };
  };
}

const measure = "(?:event|count|sum|min|max|first|last|distinct|first_time|regularly|stopped|resumed|sequence)";
const namedEvent = new RegExp(`\\b${measure}\\((?:[^()]*,)?\\s*"([^"]*)$`, "u");
const namedProperty = new RegExp(
  `\\b${measure}\\((?:[^()]*,)?\\s*"([^"]*)"\\s+where\\b[^,]*?(properties\\.[\\p{L}\\p{N}_]*)$`,
  "u",
);

function eventsAt(events: readonly Seen[], context: CompletionContext): CompletionResult | null {
  const before = context.state.sliceDoc(Math.max(0, context.pos - 400), context.pos);
  const event = namedEvent.exec(before)?.[1];
  if (event !== undefined && events.length > 0) {
    return {
      from: context.pos - event.length,
      options: events.map((one) => ({ label: one.name, type: "enum", detail: String(one.volume) })),
      validFor: /^[^"]*$/,
    };
  }
  const [, name, typed = ""] = namedProperty.exec(before) ?? [];
  const properties = events.find((one) => one.name === name)?.properties;
  if (!properties?.length) return null;
  return {
    from: context.pos - typed.length,
    options: properties.map((one) => ({ label: `properties.${one}`, type: "property" })),
    validFor: /^[\p{L}\p{N}_.]*$/u,
  };
}

function nameCompletion(name: Name): Completion {
  const detail = name.windows?.length ? `${name.type} · ${name.windows.join(", ")} d` : name.type;
  const info = name.label ? `${name.label.en} ${name.label.zh}`.trim() || undefined : undefined;
  const type = name.kind === "function" ? "function" : name.kind === "field" ? "property" : "variable";
  if (name.text.endsWith("()")) {
    return snippetCompletion(`${name.text.slice(0, -1)}\${})`, { label: name.text, detail, info, type });
  }
  return { label: name.text, detail, info, type };
}

const comparison = /([\p{L}_][\p{L}\p{N}_.]*)\s*(?:==|!=|in\s*\[(?:[^\]]*,)?)\s*("?[^"\s\]]*)$/u;

function valuesAt(names: readonly Name[], context: CompletionContext): CompletionResult | null {
  const before = context.state.sliceDoc(Math.max(0, context.pos - 200), context.pos);
  const match = comparison.exec(before);
  const known = match && names.find((name) => name.text === match[1])?.values;
  if (!match || !known?.length) return null;
  const typed = match[2] ?? "";
  return {
    from: context.pos - typed.length,
    options: known.map((value) => ({ label: `"${value}"`, type: "enum" })),
    validFor: /^"?[^"\s\]]*"?$/,
  };
}
