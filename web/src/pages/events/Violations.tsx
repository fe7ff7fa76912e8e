import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Card, Mark } from "../../components/Parts";
import { Empty } from "../../components/States";
import { Table } from "../../components/Table";
import type { Schemas } from "../../core/api";
import { useAddress, useView } from "../../core/view";

/** The newest events that broke the tracking plan. */
export function Violations({ list }: { list: Schemas["PlanViolation"][] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  return (
    <Card title={t("events.violations")} lead={t("events.violationsLead")}>
      {list.length === 0 ? (
        <Empty title={t("events.noViolations")} />
      ) : (
        <Table
          label={t("events.violations")}
          rows={list}
          keyOf={(one) => `${one.file} ${one.line} ${one.detail}`}
          columns={[
            { name: t("events.name"), cell: (one) => one.event },
            { name: t("events.detail"), cell: (one) => <span className="break">{one.detail}</span> },
            {
              name: t("events.plan"),
              cell: (one) => (
                <Mark tone={one.mode === "quarantine" ? "bad" : "warn"}>{t(`events.mode.${one.mode}`)}</Mark>
              ),
            },
            {
              name: t("events.where"),
              cell: (one) => (
                <Link to={address(`/files/${encodeURIComponent(one.file)}`)}>
                  {t("events.line", { n: format.count(one.line) })}
                </Link>
              ),
            },
            { name: t("events.at"), right: true, cell: (one) => format.time(one.at) },
          ]}
        />
      )}
    </Card>
  );
}
