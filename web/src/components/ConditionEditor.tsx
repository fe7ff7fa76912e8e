import { acceptCompletion, autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder as placeholderOf } from "@codemirror/view";
import { useEffect, useRef } from "react";
import type { Schemas } from "../core/api";
import { codeTheme } from "./codeTheme";
import { completeCondition, conditionLanguage } from "./conditionLanguage";
import { placeOf } from "./place";

/** The text field of a condition. Tab leaves it, so that nobody is caught inside; Enter applies it. */
export default function ConditionEditor({
  value,
  onChange,
  onEnter,
  schema,
  problem,
  label,
  placeholder,
}: {
  value: string;
  onChange: (value: string) => void;
  onEnter: () => void;
  schema: Schemas["ConditionSchema"] | undefined;
  problem: Schemas["TextProblem"] | undefined;
  label: string;
  placeholder: string;
}) {
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useRef(onChange);
  const entered = useRef(onEnter);
  const completion = useRef(new Compartment());
  const named = useRef(new Compartment());
  const start = useRef({ value, label, placeholder });
  useEffect(() => {
    changed.current = onChange;
    entered.current = onEnter;
  });

  useEffect(() => {
    if (!holder.current) return;
    const made = new EditorView({
      parent: holder.current,
      state: EditorState.create({
        doc: start.current.value,
        extensions: [
          history(),
          bracketMatching(),
          closeBrackets(),
          completion.current.of([]),
          named.current.of(attributesOf(start.current.label, start.current.placeholder)),
          conditionLanguage,
          EditorView.lineWrapping,
          codeTheme,
          keymap.of([
            ...completionKeymap,
            { key: "Tab", run: acceptCompletion },
            {
              key: "Enter",
              run: () => {
                entered.current();
                return true;
              },
            },
            ...defaultKeymap,
            ...historyKeymap,
          ]),
          // A condition is one line: what is pasted over several is joined.
          EditorState.transactionFilter.of((tr) =>
            tr.newDoc.lines > 1 ? [tr, { changes: newlines(tr.newDoc.toString()), sequential: true }] : tr,
          ),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    view.current?.dispatch({ effects: named.current.reconfigure(attributesOf(label, placeholder)) });
  }, [label, placeholder]);

  useEffect(() => {
    if (!schema) return;
    const source = completeCondition(schema.names, ["and", "or", "not", "in", "true", "false", "null"], schema.events);
    view.current?.dispatch({
      effects: completion.current.reconfigure(autocompletion({ override: [source], icons: false })),
    });
  }, [schema]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const marks: Diagnostic[] = problem
      ? [{ ...placeOf(editor.state.doc, problem.line, problem.col), severity: "error", message: problem.message }]
      : [];
    editor.dispatch(setDiagnostics(editor.state, marks));
  }, [problem]);

  return <div className={`editor ${problem ? "bad" : ""}`} ref={holder} />;
}

function attributesOf(label: string, placeholder: string) {
  return [EditorView.contentAttributes.of({ "aria-label": label }), placeholderOf(placeholder)];
}

function newlines(text: string): { from: number; to: number; insert: string }[] {
  return [...text.matchAll(/\s*\n\s*/g)].map((match) => ({
    from: match.index,
    to: match.index + match[0].length,
    insert: " ",
  }));
}
