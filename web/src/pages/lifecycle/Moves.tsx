import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { DatePicker } from "antd";
import dayjs from "dayjs";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { Flow } from "../../charts/Flow";
import { paletteOf } from "../../charts/palette";
import { Choice } from "../../components/Controls";
import { Card, useLabel } from "../../components/Parts";
import { Answer, Empty } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import { useDark } from "../../core/prefs";
import { dayOf, daysBefore, endOfDay } from "../../core/time";
import { useAddress, useAsOf, useView } from "../../core/view";
import { Matrix } from "./Matrix";

const kinds = ["candidate", "settled", "interval"] as const;
const spans = ["30", "90", "180"] as const;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The two days that are compared, kept in the address: the day of the view, and one before it. */
function useFrom(): { from: string; to: string; setFrom: (day: string) => void } {
  const { status, zone } = useView();
  const { day } = useAsOf();
  const [params, setParams] = useSearchParams();
  const to = day || (status ? dayOf(status.as_of, zone) : "");
  const asked = params.get("from") ?? "";
  const from = DAY.test(asked) && asked < to ? asked : to && daysBefore(to, 90);
  const setFrom = (next: string) =>
    setParams((old) => {
      const fresh = new URLSearchParams(old);
      fresh.set("from", next);
      return fresh;
    });
  return { from, to, setFrom };
}

/** The flow between the stages of two dates, and the same as a matrix. */
export function Moves() {
  const { t } = useTranslation();
  const { status, zone, format } = useView();
  const { asOf } = useAsOf();
  const [params, setParams] = useSearchParams();
  const { from, to, setFrom } = useFrom();
  const kind = kinds.find((one) => one === params.get("kind")) ?? "candidate";
  const moves = useQuery({
    queryKey: ["transitions", from, asOf, kind, status?.as_of, status?.users, status?.strategy_version],
    queryFn: () =>
      data(api.GET("/v1/analytics/transitions", { params: { query: { from: endOfDay(from, zone), to: asOf, kind } } })),
    enabled: from !== "",
    placeholderData: keepPreviousData,
  });
  const span = spans.find((days) => to !== "" && from === daysBefore(to, Number(days)));
  return (
    <>
      <Card
        title={t("lifecycle.flow")}
        lead={from && t("lifecycle.between", { from: format.day(from), to: format.day(to) })}
        tools={
          <div className="page-tools">
            <Choice
              label={t("lifecycle.kind")}
              value={kind}
              onChange={(next) =>
                setParams((old) => {
                  const fresh = new URLSearchParams(old);
                  fresh.set("kind", next);
                  return fresh;
                })
              }
              options={kinds.map((value) => ({ value, label: t(`lifecycle.kinds.${value}`) }))}
            />
            <Choice
              label={t("lifecycle.span")}
              value={span ?? ("" as (typeof spans)[number])}
              onChange={(days) => setFrom(daysBefore(to, Number(days)))}
              options={spans.map((days) => ({ value: days, label: t("common.days", { count: Number(days) }) }))}
            />
            <DatePicker
              aria-label={t("lifecycle.from")}
              allowClear={false}
              value={from ? dayjs(from) : null}
              disabledDate={(day) => to !== "" && day.format("YYYY-MM-DD") >= to}
              onChange={(day) => day && setFrom(day.format("YYYY-MM-DD"))}
            />
          </div>
        }
      >
        <Answer query={moves} rows={9}>
          {(found) => <Picture found={found} />}
        </Answer>
        <p className="muted note">{t(`lifecycle.kindHint.${kind}`)}</p>
      </Card>
      {moves.data && moves.data.moves.length > 0 && <Matrix found={moves.data} />}
    </>
  );
}

function Picture({ found }: { found: Schemas["Transitions"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const label = useLabel();
  const { series, muted } = paletteOf(useDark());
  const stages = useMemo(() => found.states.map((state) => state.name), [found]);
  const named = found.states.filter((state) => state.name !== "");
  if (found.moves.length === 0)
    return (
      <Empty
        title={t("lifecycle.empty")}
        text={found.kind === "settled" ? t("lifecycle.emptySettled") : t("lifecycle.emptyCandidate")}
      >
        <Link to={address("/files")}>{t("overview.emptyAction")}</Link>
      </Empty>
    );
  return (
    <Flow
      moves={found.moves}
      stages={stages}
      nameOf={(name) =>
        name
          ? label(name, found.states.find((state) => state.name === name)?.label)
          : t(found.kind === "settled" ? "stages.undecided" : "lifecycle.notThere")
      }
      colorOf={(name) => {
        const place = named.findIndex((state) => state.name === name);
        return place < 0 ? muted : (series[place % series.length] ?? muted);
      }}
      label={t("lifecycle.flowLabel", { from: format.day(found.from), to: format.day(found.to) })}
      format={format}
    />
  );
}
