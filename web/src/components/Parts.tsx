import { type ReactNode, useEffect, useId } from "react";
import { useTranslation } from "react-i18next";

/** The head of a page; it names the window too. */
export function PageHead({ title, lead, children }: { title: string; lead?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Weir`;
  }, [title]);
  return (
    <div className="page-head">
      <div>
        <h1>{title}</h1>
        {lead && <div className="lead">{lead}</div>}
      </div>
      {children && <div className="page-tools">{children}</div>}
    </div>
  );
}

/** A part of a page with its heading. */
export function Card({
  title,
  lead,
  tools,
  className = "",
  children,
}: {
  title: string;
  lead?: ReactNode;
  tools?: ReactNode;
  className?: string;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={id}>
      <div className="card-head">
        <div>
          <h2 id={id}>{title}</h2>
          {lead && <p>{lead}</p>}
        </div>
        {tools}
      </div>
      {children}
    </section>
  );
}

/** One figure among others, to stand in a dl of class figures. */
export function Figure({
  name,
  value,
  aside,
  small = false,
}: {
  name: string;
  value: ReactNode;
  aside?: ReactNode;
  small?: boolean;
}) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd className={small ? "small" : undefined}>
        {value}
        {aside && <span className="aside">{aside}</span>}
      </dd>
    </div>
  );
}

export type Tone = "plain" | "good" | "warn" | "bad" | "info" | "accent";

export function Mark({ tone = "plain", dot = false, children }: { tone?: Tone; dot?: boolean; children: ReactNode }) {
  return (
    <span className={`mark tone-${tone}`}>
      {dot && <span className="dot" aria-hidden="true" />}
      {children}
    </span>
  );
}

/** How far something is; share undefined shows that it goes on without saying how far. */
export function Meter({ share, label }: { share: number | undefined; label: string }) {
  const percent = share === undefined ? undefined : Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <span
      className={`meter ${percent === undefined ? "unknown" : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <span style={percent === undefined ? undefined : { width: `${percent}%` }} />
    </span>
  );
}

export function Pairs({ pairs }: { pairs: [string, ReactNode][] }) {
  return (
    <dl className="pairs">
      {pairs.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A label in the page's language, else the name itself. */
export function useLabel(): (name: string, label?: { zh: string; en: string }) => string {
  const { i18n } = useTranslation();
  return (name, label) => (i18n.language === "zh-CN" ? label?.zh : label?.en) || name;
}
