import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useView } from "../../core/view";
import { zero } from "../../core/whatif/report";
import type { Session } from "../../core/whatif/session";

/** How the base spreads over the engagement score: bars under this strategy, a line as published. */
export function EngagementHills({ session }: { session: Session }) {
  const { t } = useTranslation();
  const { format } = useView();
  const points = useSyncExternalStore(session.subscribe, () => session.get().report?.points);
  if (!points || points.names.length === 0) return null;
  const bands = points.names.flatMap((name, i) =>
    name ? [{ name, before: points.before[i] ?? zero, after: points.after[i] ?? zero }] : [],
  );
  const most = Math.max(1, ...bands.flatMap(({ before, after }) => [before.users, after.users]));
  const height = (n: number) => 60 * Math.sqrt(n / most);
  const wide = 200 / bands.length;
  const line = bands.flatMap(({ before }, i) => [
    `${(i * wide).toFixed(1)},${(60 - height(before.users)).toFixed(1)}`,
    `${((i + 1) * wide).toFixed(1)},${(60 - height(before.users)).toFixed(1)}`,
  ]);
  const largest = bands.reduce((a, b) => (b.after.users > a.after.users ? b : a));
  const rated = bands.some(({ before }) => before.users > 0);
  return (
    <figure className="points-hills">
      <svg viewBox="0 0 200 60" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {bands.map(({ name, after }, i) => (
          <rect
            key={name}
            x={i * wide + 0.6}
            width={wide - 1.2}
            y={60 - height(after.users)}
            height={height(after.users)}
          />
        ))}
        {rated && <polyline points={line.join(" ")} vectorEffect="non-scaling-stroke" />}
      </svg>
      <span className="ends" aria-hidden="true">
        <span>0</span>
        <span>50</span>
        <span>100</span>
      </span>
      <figcaption className="muted">
        {t("whatif.points.most", { band: largest.name.replace("-", "–"), n: format.count(largest.after.users) })}
      </figcaption>
    </figure>
  );
}
