import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../core/api";
import { toProblem } from "../core/problem";
import { useView } from "../core/view";
import { Answer, Empty } from "./States";
import { TakeSnapshot } from "./TakeSnapshot";

/** How long ago a snapshot was made, in words. */
export function SnapshotAge({ seconds }: { seconds: number }) {
  const { t } = useTranslation();
  if (seconds < 90) return t("whatif.age.now");
  if (seconds < 5400) return t("whatif.age.minutes", { count: Math.round(seconds / 60) });
  if (seconds < 129_600) return t("whatif.age.hours", { count: Math.round(seconds / 3600) });
  return t("whatif.age.days", { count: Math.round(seconds / 86_400) });
}

/** Which snapshot of the base an answer was read from; nothing where the users themselves were read. */
export function SnapshotNote({ snapshot }: { snapshot: Schemas["SnapshotState"] | undefined }) {
  const { t } = useTranslation();
  const { format } = useView();
  if (!snapshot) return null;
  return (
    <div className="age">
      <span className="muted">
        {t("whatif.snapshotOf", { time: format.time(snapshot.as_of) })}, <SnapshotAge seconds={snapshot.age_seconds} />
        {snapshot.stale && <strong className="stale"> · {t("whatif.stale")}</strong>}
        {snapshot.late && <strong className="stale"> · {t("whatif.late")}</strong>}
      </span>
      <TakeSnapshot again onDone={() => undefined} />
    </div>
  );
}

/** An answer about the whole base. Where it is read from a snapshot and there is none yet, the way to one. */
export function BaseAnswer<T>(props: {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  const { t } = useTranslation();
  const { query } = props;
  if (query.data === undefined && query.error && toProblem(query.error).code === "not_found") {
    return (
      <Empty title={t("whatif.none")} text={t("users.noSnapshotText")}>
        <TakeSnapshot onDone={() => void query.refetch()} />
      </Empty>
    );
  }
  return <Answer {...props} />;
}
