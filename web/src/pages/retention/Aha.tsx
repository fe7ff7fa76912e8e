import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Interval } from "../../charts/Interval";
import { Choice } from "../../components/Controls";
import { Card } from "../../components/Parts";
import { Answer, Empty } from "../../components/States";
import { Table } from "../../components/Table";
import { api, data, type Schemas } from "../../core/api";
import { useAsOf, useView } from "../../core/view";

const stays = ["7", "30", "90"] as const;
const SHOWN = 8;

/** Which early behaviour goes along with staying: candidates with their intervals. */
export function Aha() {
  const { t } = useTranslation();
  const { asOf } = useAsOf();
  const { status } = useView();
  const [stay, setStay] = useState<(typeof stays)[number]>("30");
  const aha = useQuery({
    queryKey: ["aha", asOf, stay, status?.as_of, status?.users, status?.strategy_version],
    queryFn: () => data(api.GET("/v1/analytics/aha", { params: { query: { as_of: asOf, stay: Number(stay) } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <Card
      title={t("aha.title")}
      lead={t("aha.lead", { day: stay })}
      tools={
        <Choice
          label={t("aha.stay")}
          value={stay}
          onChange={setStay}
          options={stays.map((day) => ({ value: day, label: t("retention.day", { day }) }))}
        />
      }
    >
      <Answer query={aha} rows={6}>
        {(found) => <Candidates found={found} />}
      </Answer>
    </Card>
  );
}

function Candidates({ found }: { found: Schemas["Aha"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const ranked = found.rows.filter((row) => row.supported && row.did < row.users).slice(0, SHOWN);
  const wordsOf = (row: Schemas["AhaCandidate"]) =>
    row.event === "*"
      ? t("aha.activeDays", { count: row.at_least, days: row.within_days })
      : t("aha.events", { count: row.at_least, event: row.event, days: row.within_days });
  if (ranked.length === 0) return <Empty title={t("aha.empty")} text={t("aha.emptyText")} />;
  const edge = Math.max(...ranked.map((row) => Math.max(Math.abs(row.gain_low), Math.abs(row.gain_high))));
  return (
    <>
      <Table
        label={t("aha.title")}
        rows={ranked}
        keyOf={(row) => `${row.event} ${row.at_least} ${row.within_days}`}
        columns={[
          { name: t("aha.candidate"), cell: wordsOf },
          {
            name: t("aha.did"),
            right: true,
            cell: (row) => `${format.count(row.did)} · ${format.percent(row.support, 0)}`,
          },
          { name: t("aha.stayed"), right: true, cell: (row) => format.percent(row.precision) },
          { name: t("aha.others"), right: true, cell: (row) => format.percent(row.precision - row.gain) },
          {
            name: t("aha.gain"),
            cell: (row) => (
              <Interval
                low={row.gain_low}
                mid={row.gain}
                high={row.gain_high}
                edge={edge}
                words={t("aha.interval", {
                  gain: format.points(row.gain),
                  low: format.points(row.gain_low),
                  high: format.points(row.gain_high),
                })}
              />
            ),
          },
          {
            name: t("aha.p"),
            right: true,
            cell: (row) => (row.p_adjusted < 0.001 ? "< 0.001" : format.decimal(row.p_adjusted, 3)),
          },
        ]}
      />
      <p className="muted note">{t("aha.caution")}</p>
      {found.untold.length > 0 && (
        <details className="note">
          <summary>{t("aha.untold", { count: found.untold.length })}</summary>
          <p className="muted">{t("aha.untoldText")}</p>
          <ul>
            {found.untold.map((row) => (
              <li key={`${row.event} ${row.at_least} ${row.within_days}`}>{wordsOf(row)}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
