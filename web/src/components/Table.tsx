import type { CSSProperties, ReactNode } from "react";
import { Scroll } from "./Scroll";

export interface Column<T> {
  name: ReactNode;
  /** Figures stand to the right. */
  right?: boolean;
  cell: (row: T) => ReactNode;
}

/** Figures in rows; the first column names its row. */
export function Table<T>({
  label,
  columns,
  rows,
  keyOf,
  style,
}: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  style?: CSSProperties;
}) {
  const [head, ...others] = columns;
  const side = (column: Column<T>) => (column.right ? "right num" : undefined);
  return (
    <Scroll label={label} style={style}>
      <table className="plain">
        <thead>
          <tr>
            {columns.map((column, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
              <th scope="col" className={column.right ? "right" : undefined} key={i}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {head && (
                <th scope="row" className={side(head)}>
                  {head.cell(row)}
                </th>
              )}
              {others.map((column, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
                <td className={side(column)} key={i}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
