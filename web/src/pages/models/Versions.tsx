import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useKnown } from "../../components/known";
import { Card, Mark } from "../../components/Parts";
import { Table } from "../../components/Table";
import type { Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useNarrow } from "../../core/hooks";
import { useView } from "../../core/view";

type Summary = Schemas["ModelSummary"];

/** Every fit, the newest first: what it holds, and whether it scores. */
export function Versions({
  list,
  shown,
  onShow,
  onPublish,
  busy,
}: {
  list: Schemas["ModelList"];
  shown: string;
  onShow: (version: string) => void;
  onPublish: (version: string) => void;
  busy: boolean;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const known = useKnown();
  const narrow = useNarrow();
  const marks = (one: Summary) => (
    <span className="marks">
      <span className="mono nowrap" aria-current={one.version === shown || undefined}>
        {one.version === shown ? <strong>{one.version}</strong> : one.version}
      </span>
      {one.current && <Mark tone="good">{t("strategy.current")}</Mark>}
      {!one.usable && <Mark tone="warn">{t("models.stale")}</Mark>}
      {one.warnings.length > 0 && <Mark tone="warn">{t("models.warningsCount", { count: one.warnings.length })}</Mark>}
    </span>
  );
  const holds = (one: Summary) =>
    [
      one.purchases && known.model(one.purchases),
      one.money && known.model("gammagamma"),
      one.churn && t("models.churn"),
    ]
      .filter(Boolean)
      .join(" · ") || NONE;
  const actions = (one: Summary) => (
    <span className="page-tools nowrap-tools">
      {one.version !== shown && (
        <Button size="small" onClick={() => onShow(one.version)}>
          {t("models.show")}
        </Button>
      )}
      {one.current ? (
        <Button size="small" disabled={busy} onClick={() => onPublish("")}>
          {t("models.withdraw")}
        </Button>
      ) : (
        <Button
          size="small"
          type={one.version === shown ? "primary" : "default"}
          disabled={busy || !one.usable}
          title={one.usable ? undefined : t("models.unusable")}
          onClick={() => onPublish(one.version)}
        >
          {one.published_at ? t("models.rollback") : t("models.publish")}
        </Button>
      )}
    </span>
  );
  return (
    <Card title={t("models.versions")} lead={t("models.versionsLead")}>
      {narrow ? (
        <ul className="tiles">
          {list.versions.map((one) => (
            <li className="tile" key={one.version}>
              {marks(one)}
              <span>{holds(one)}</span>
              <span className="muted">
                {t("models.asOf")} {format.day(one.as_of)}
                {one.note && ` · ${one.note}`}
              </span>
              {actions(one)}
            </li>
          ))}
        </ul>
      ) : (
        <Table
          label={t("models.versions")}
          rows={list.versions}
          keyOf={(one) => one.version}
          columns={[
            { name: t("strategy.version"), cell: marks },
            { name: t("models.holds"), cell: holds },
            { name: t("models.asOf"), cell: (one) => <span className="nowrap">{format.day(one.as_of)}</span> },
            { name: t("models.users"), right: true, cell: (one) => format.count(one.users) },
            { name: t("strategy.note"), cell: (one) => one.note || <span className="muted">{NONE}</span> },
            { name: <span className="visually-hidden">{t("models.actions")}</span>, right: true, cell: actions },
          ]}
        />
      )}
    </Card>
  );
}
