import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Card, Pairs } from "../../components/Parts";
import { Answer, Empty } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import { useView } from "../../core/view";

/** The tracking plan in force, and how one comes into force. */
export function PlanCard({ catalog }: { catalog: Schemas["EventCatalog"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const [open, setOpen] = useState(false);
  const plan = catalog.plan;
  return (
    <Card title={t("events.planTitle")} lead={t("events.planLead")}>
      {plan ? (
        <>
          <Pairs
            pairs={[
              [t("events.planName"), plan.name || "–"],
              [t("events.planVersion"), <span key="v" className="mono">{`${plan.version} · ${plan.number}`}</span>],
              [t("events.planAt"), format.time(plan.published_at)],
              [t("events.planNote"), plan.note || "–"],
              [t("events.planUnplanned"), t(`events.mode.${catalog.unplanned ?? "allow"}`)],
            ]}
          />
          <details style={{ marginTop: 14 }} onToggle={(event) => setOpen(event.currentTarget.open)}>
            <summary>{t("events.planText")}</summary>
            {open && <PlanText version={plan.version} />}
          </details>
        </>
      ) : (
        <Empty title={t("events.noPlan")} text={t("events.noPlanText")} />
      )}
    </Card>
  );
}

function PlanText({ version }: { version: string }) {
  const plan = useQuery({ queryKey: ["plan", version], queryFn: () => data(api.GET("/v1/plan")) });
  return (
    <Answer query={plan} rows={6}>
      {(found) => (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <pre className="mono scroll" tabIndex={0}>
          {found.text}
        </pre>
      )}
    </Answer>
  );
}
