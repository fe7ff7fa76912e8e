import type { CSSProperties, ReactNode } from "react";

/** Something that may be wider or higher than its place: it scrolls by itself, by keyboard too. */
export function Scroll({
  label,
  framed = false,
  style,
  children,
}: {
  label: string;
  framed?: boolean;
  style?: CSSProperties;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={framed ? "scroll editor" : "scroll"} aria-label={label} style={style} tabIndex={0}>
      {children}
    </section>
  );
}
