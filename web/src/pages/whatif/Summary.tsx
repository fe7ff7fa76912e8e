import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Meter } from "../../components/Parts";
import { SnapshotAge } from "../../components/Snapshot";
import { TakeSnapshot } from "../../components/TakeSnapshot";
import type { Format } from "../../core/format";
import { useView } from "../../core/view";
import { movesOf, type Report, zero } from "../../core/whatif/report";
import type { Session, State } from "../../core/whatif/session";
import type { Source } from "../../core/whatif/source";
import type { GroupName } from "./names";
import { signed, sizesOf, tone } from "./Sizes";

/** How old the base is, how far its load is, and the sum of what changes. */
export function Summary({
  state,
  source,
  session,
  onReload,
}: {
  state: State;
  source: Source;
  session: Session;
  onReload: () => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const { snapshot } = source;
  const { report, progress } = state;
  const loading = progress && !progress.complete;
  const weight = report ? snapshot.users / Math.max(1, report.users) : 1;
  return (
    <>
      {state.restarts > 0 && (
        <div className="banner" role="status">
          {t("whatif.restarted", { count: state.restarts })}
        </div>
      )}
      {progress && progress.share < 1 && progress.complete && (
        <div className="banner warn" role="status">
          {t("whatif.fewer", {
            rows: format.count(progress.rows),
            all: format.count(snapshot.users),
            weight: format.decimal(snapshot.users / Math.max(1, progress.rows)),
          })}
        </div>
      )}
      {snapshot.sampling && progress?.share === 1 && (
        <div className="banner" role="status">
          {t("whatif.sampled", {
            rows: format.count(snapshot.rows),
            all: format.count(snapshot.users),
            weight: format.decimal(weight),
          })}
        </div>
      )}
      {progress?.alone && (
        <div className="banner" role="status">
          {t("whatif.alone")}
        </div>
      )}
      {source.kept && (
        <div className="banner" role="status">
          {t("whatif.kept", { time: format.time(source.readAt) })}
        </div>
      )}
      <div className="card strip">
        <dl className="figures">
          <Total name={t("whatif.users")} value={format.count(report?.users ?? 0)} />
          {report && <Changes report={report} currency={snapshot.currency} models={snapshot.models !== undefined} />}
        </dl>
        <div className="age">
          {loading ? (
            <span className="loading-line">
              <Meter share={progress.bytes / Math.max(1, progress.totalBytes)} label={t("whatif.loading")} />
              <span className="muted">
                {t("whatif.progress", {
                  bytes: format.bytes(progress.bytes),
                  total: format.bytes(progress.totalBytes),
                  rows: format.count(progress.rows),
                  all: format.count(progress.totalRows),
                })}
                {report && <strong> · {t("whatif.partial")}</strong>}
              </span>
            </span>
          ) : (
            <span className="muted">
              {t("whatif.snapshotOf", { time: format.time(snapshot.as_of) })},{" "}
              <SnapshotAge seconds={session.report()?.snapshot.age_seconds ?? snapshot.age_seconds} />
              {snapshot.stale && <strong className="stale"> · {t("whatif.stale")}</strong>}
              {snapshot.late && <strong className="stale"> · {t("whatif.late")}</strong>}
            </span>
          )}
          {!loading && !source.kept && <TakeSnapshot again onDone={onReload} />}
        </div>
      </div>
    </>
  );
}

function Changes({ report, currency, models }: { report: Report; currency: string; models: boolean }) {
  const { t } = useTranslation();
  const { format } = useView();
  const moved = movesOf(report.stage).filter(({ from, to }) => from !== to);
  const sum = moved.reduce(
    (all, one) => ({ users: all.users + one.users, revenue: all.revenue + one.revenue, value: all.value + one.value }),
    zero,
  );
  const { churn } = report;
  const change = churn ? churn.after.users - churn.before.users : 0;
  return (
    <>
      <Total
        name={t("whatif.movers")}
        value={format.count(sum.users)}
        aside={format.percent(sum.users / Math.max(1, report.users))}
      />
      <Total name={t("whatif.atStake")} value={format.moneyCompact(sum.revenue, currency)} />
      {models && <Total name={t("whatif.valueAtStake")} value={format.moneyCompact(sum.value, currency)} />}
      {churn && (
        <Total
          name={t("whatif.churnList")}
          value={format.count(churn.after.users)}
          aside={signed(change, format.count)}
          tint={tone(change)}
        />
      )}
    </>
  );
}

function Total({ name, value, aside, tint = "" }: { name: string; value: string; aside?: string; tint?: string }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        {value}
        {aside && <span className={`aside ${tint}`}>{aside}</span>}
      </dd>
    </div>
  );
}

const REST = 900;

/** Tells those who do not see the page how large the stages are, once the sliders rest. */
export function Spoken({
  report,
  whole,
  word,
  format,
}: {
  report: Report;
  whole: boolean;
  word: (group: GroupName, name: string) => string;
  format: Format;
}) {
  const { t } = useTranslation();
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!whole) return;
    const timer = setTimeout(() => {
      const sizes = sizesOf(report, "stage").filter(({ name }) => name !== "");
      const changed = sizes.filter(({ before, after }) => before.users !== after.users);
      if (changed.length === 0) setSaid(t("whatif.spokenSame"));
      else
        setSaid(
          changed
            .map(({ name, before, after }) => {
              const change = signed(after.users - before.users, format.count);
              return `${word("stage", name)} ${format.count(after.users)}, ${change}`;
            })
            .join("; "),
        );
    }, REST);
    return () => clearTimeout(timer);
  }, [report, whole, word, format, t]);
  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-testid="spoken">
      {said}
    </p>
  );
}
