import { useMutation, useQuery } from "@tanstack/react-query";
import { App, Button, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { DiffView } from "../../components/DiffView";
import { Card, Mark } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { Answer, Failure } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import { useRole } from "../../core/caller";
import type { Job } from "../../core/jobs";
import { toProblem } from "../../core/problem";
import { useAddress, useView } from "../../core/view";
import { Meaning } from "./Changes";

/** Every publication, and what lies between any two. */
export function Versions({
  current,
  onTake,
  onBack,
}: {
  current: Schemas["Strategy"];
  onTake: (text: string) => void;
  onBack: (job: Job) => void;
}) {
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
              onBack={onBack}
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
  onBack,
}: {
  list: Schemas["StrategyVersion"][];
  current: string;
  onCompare: (version: string) => void;
  onTake: (text: string) => void;
  onBack: (job: Job) => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const { message } = App.useApp();
  const address = useAddress();
  const approver = useRole("approver");
  const [taking, setTaking] = useState("");
  const [back, setBack] = useState<number>();
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
      {back !== undefined && <RollBack number={back} onClose={() => setBack(undefined)} onStart={onBack} />}
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
                {version.proposal !== undefined && (
                  <Link to={address("/strategy", { tab: "proposals", proposal: String(version.proposal) })}>
                    {t("proposal.named", { n: version.proposal })}
                  </Link>
                )}{" "}
                {version.emergency && <Mark tone="bad">{t("proposal.emergency")}</Mark>}{" "}
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
                    {approver && version.number !== undefined && (
                      <Button size="small" danger onClick={() => setBack(version.number)}>
                        {t("proposal.back")}
                      </Button>
                    )}
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

/** Asks before an earlier publication comes back at once. */
function RollBack({ number, onClose, onStart }: { number: number; onClose: () => void; onStart: (job: Job) => void }) {
  const { t } = useTranslation();
  const back = useMutation({
    mutationFn: async () => {
      const { proposal } = await data(
        api.POST("/v1/strategy/proposals", { body: { rollback: String(number), include_existing: false } }),
      );
      return data(
        api.POST("/v1/strategy/proposals/{number}/publish", { params: { path: { number: proposal.number } } }),
      );
    },
    onSuccess: (job) => {
      onStart(job);
      onClose();
    },
  });
  return (
    <Modal
      open
      title={t("proposal.backTitle", { n: number })}
      okText={t("proposal.backOk")}
      okButtonProps={{ danger: true, loading: back.isPending }}
      onOk={() => back.mutate()}
      onCancel={onClose}
    >
      <p>{t("proposal.backText")}</p>
      {back.error && <Failure error={back.error} />}
    </Modal>
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
