import { closeBrackets } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, indentOnInput } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import type { Schemas } from "../core/api";
import { codeTheme } from "./codeTheme";
import { placeOf } from "./place";

/** The strategy file as text, with its mistakes marked where they are. `goTo` moves the cursor to a place. */
export default function YamlEditor({
  value,
  onChange,
  problems,
  goTo,
  label,
}: {
  value: string;
  onChange: (value: string) => void;
  problems: readonly Schemas["TextProblem"][];
  goTo: { line: number; col: number } | undefined;
  label: string;
}) {
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useRef(onChange);
  const first = useRef(value);
  const named = useRef(new Compartment());
  useEffect(() => {
    changed.current = onChange;
  });

  useEffect(() => {
    if (!holder.current) return;
    const made = new EditorView({
      parent: holder.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          lineNumbers(),
          foldGutter(),
          lintGutter(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          yaml(),
          codeTheme,
          EditorState.tabSize.of(2),
          named.current.of([]),
          keymap.of([...lintKeymap, ...searchKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
          EditorView.theme({ "&": { height: "min(68vh, 760px)" }, ".cm-scroller": { overflow: "auto" } }),
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
    view.current?.dispatch({
      effects: named.current.reconfigure(EditorView.contentAttributes.of({ "aria-label": label })),
    });
  }, [label]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const marks = problems.map((problem) => ({
      ...placeOf(editor.state.doc, problem.line, problem.col),
      severity: "error" as const,
      message: problem.expected ? `${problem.message} (${problem.expected})` : problem.message,
    }));
    editor.dispatch(setDiagnostics(editor.state, marks));
  }, [problems]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !goTo) return;
    const { from } = placeOf(editor.state.doc, goTo.line, goTo.col);
    editor.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    editor.focus();
  }, [goTo]);

  return <div className={`editor ${problems.length > 0 ? "bad" : ""}`} ref={holder} />;
}
