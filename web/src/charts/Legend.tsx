import type { CSSProperties } from "react";

/** What the colours of a chart mean. */
export function Legend({ items }: { items: readonly { name: string; color: string }[] }) {
  return (
    <figcaption className="legend">
      {items.map(({ name, color }) => (
        <span key={name} style={{ "--swatch": color } as CSSProperties}>
          {name}
        </span>
      ))}
    </figcaption>
  );
}
