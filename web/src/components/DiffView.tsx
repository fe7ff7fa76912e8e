import { Fragment, useState } from "react";
import { useTranslation } from "react-i18next";
import { type DiffLine, foldEqual } from "../core/diff";
import { Scroll } from "./Scroll";

const signs = { equal: " ", insert: "+", delete: "−" };

/** Two texts line by line. Equal stretches are folded until they are asked for. */
export function DiffView({ lines, label }: { lines: readonly DiffLine[]; label: string }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const rows = foldEqual(lines);
  return (
    <Scroll label={label} framed>
      <table className="diff">
        <tbody>
          {rows.map((row, i) => {
            if (row.kind === "line") return <Line key={keyOf(row.line)} line={row.line} />;
            const first = row.lines[0];
            return open.has(i) ? (
              <Fragment key={`open ${first?.old}`}>
                {row.lines.map((line) => (
                  <Line key={keyOf(line)} line={line} />
                ))}
              </Fragment>
            ) : (
              <tr className="fold" key={`fold ${first?.old}`}>
                <td colSpan={4}>
                  <button type="button" className="quiet" onClick={() => setOpen(new Set([...open, i]))}>
                    {t("diff.equal", { count: row.lines.length })}
                  </button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

function keyOf(line: DiffLine): string {
  return `${line.op} ${line.old ?? ""} ${line.new ?? ""}`;
}

function Line({ line }: { line: DiffLine }) {
  const { t } = useTranslation();
  return (
    <tr className={line.op}>
      <td className="no">{line.old || ""}</td>
      <td className="no">{line.new || ""}</td>
      <td className="sign">
        {line.op !== "equal" && <span className="visually-hidden">{t(`diff.${line.op}`)}</span>}
        <span aria-hidden="true">{signs[line.op]}</span>
      </td>
      <td>{line.text}</td>
    </tr>
  );
}
