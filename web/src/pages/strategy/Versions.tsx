import { useQuery } from "@tanstack/react-query";
import { App, Button, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { DiffView } from "../../components/DiffView";
import { Card, Mark } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { Answer } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import { toProblem } from "../../core/problem";
import { useView } from "../../core/view";
import { Meaning } from "./Changes";

/** Every publication, and what lies between any two. */
export function Versions({ current, onTake }: { current: Schemas["Strategy"]; onTake: (text: string) => void }) {
  const { t } = useTranslation();
  const versions = useQuery({
    queryKey: ["strategy", "versions", current.version],
    queryFn: () => data(api.GET("/v1/strategy/versions")),
  });
  const [pair, setPair] = useState<{ from: string; to: string }>();
  return (
    <Answer query={versions} rows={6}>
      {({ versions: list }) => (
        <div className="grid">
          <Card title={t("strategy.versions")}>
            <VersionTable
              list={list}
              current={current.version}
              onCompare={(from) => setPair({ from, to: current.version })}
              onTake={onTake}
            />
          </Card>
          {list.length > 1 && (
            <Compare
              list={list}
              pair={pair ?? { from: list[1]?.version ?? current.version, to: current.version }}
              setPair={setPair}
            />
          )}
        </div>
      )}
    </Answer>
  );
}

function VersionTable({
  list,
  current,
  onCompare,
  onTake,
}: {
  list: Schemas["StrategyVersion"][];
  current: string;
  onCompare: (version: string) => void;
  onTake: (text: string) => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const { message } = App.useApp();
  const [taking, setTaking] = useState("");
  const take = async (version: string) => {
    setTaking(version);
    try {
      const { text } = await data(api.GET("/v1/strategy/versions/{version}", { params: { path: { version } } }));
      onTake(text);
    } catch (error) {
      message.error(toProblem(error).message || t("error.unreachable"));
    } finally {
      setTaking("");
    }
  };
  return (
    <Scroll label={t("strategy.versions")}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t("strategy.number")}</th>
            <th scope="col">{t("strategy.version")}</th>
            <th scope="col">{t("strategy.published")}</th>
            <th scope="col">{t("strategy.note")}</th>
            <th scope="col">
              <span className="visually-hidden">{t("strategy.compare")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((version, i) => (
            <tr key={`${version.number ?? i} ${version.version}`}>
              <td className="num">{version.number ?? list.length - i}</td>
              <td className="mono nowrap">
                {version.version} {version.current && <Mark tone="good">{t("strategy.current")}</Mark>}
              </td>
              <td className="num nowrap">{format.time(version.published_at)}</td>
              <td className="break">
                {version.note || <span className="muted">–</span>}{" "}
                {version.include_existing && <Mark tone="warn">{t("strategy.withExisting")}</Mark>}
              </td>
              <td className="right nowrap">
                {version.version !== current && (
                  <span className="page-tools" style={{ flexWrap: "nowrap", justifyContent: "flex-end" }}>
                    <Button size="small" onClick={() => onCompare(version.version)}>
                      {t("strategy.compare")}
                    </Button>
                    <Button
                      size="small"
                      loading={taking === version.version}
                      onClick={() => void take(version.version)}
                    >
                      {t("strategy.take")}
                    </Button>
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Compare({
  list,
  pair,
  setPair,
}: {
  list: Schemas["StrategyVersion"][];
  pair: { from: string; to: string };
  setPair: (pair: { from: string; to: string }) => void;
}) {
  const { t } = useTranslation();
  const diff = useQuery({
    queryKey: ["strategy", "diff", "versions", pair.from, pair.to],
    queryFn: async () => {
      const { text } = await data(
        api.GET("/v1/strategy/versions/{version}", { params: { path: { version: pair.to } } }),
      );
      return data(api.POST("/v1/strategy/diff", { body: { from: pair.from, text } }));
    },
  });
  const seen = new Set<string>();
  const options = list
    .filter(({ version }) => !seen.has(version) && seen.add(version))
    .map(({ version, number }) => ({ value: version, label: number ? `${number} · ${version}` : version }));
  return (
    <Card
      title={t("strategy.between")}
      tools={
        <span className="page-tools">
          <Select
            aria-label={t("strategy.was")}
            value={pair.from}
            options={options}
            onChange={(from) => setPair({ ...pair, from })}
          />
          →
          <Select
            aria-label={t("strategy.becomes")}
            value={pair.to}
            options={options}
            onChange={(to) => setPair({ ...pair, to })}
          />
        </span>
      }
    >
      <Answer query={diff} rows={8}>
        {(found) => (
          <div className="grid">
            <Meaning changes={found.changes} />
            <DiffView lines={found.lines} label={t("strategy.lines")} />
          </div>
        )}
      </Answer>
    </Card>
  );
}
