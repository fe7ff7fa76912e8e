import { DownOutlined, PlusOutlined } from "@ant-design/icons";
import { App, Button, Dropdown, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { paletteOf } from "../../charts/palette";
import { Failure } from "../../components/States";
import { api, data } from "../../core/api";
import { useDirect } from "../../core/caller";
import { useDark } from "../../core/prefs";
import { Problem } from "../../core/problem";
import { useView } from "../../core/view";
import { movesOf, type Report } from "../../core/whatif/report";
import type { Session } from "../../core/whatif/session";
import { changesOf, edited, versionOf } from "../../core/whatif/settings";
import type { Source } from "../../core/whatif/source";
import { Meaning } from "../strategy/Changes";
import { ProposalFields } from "../strategy/ProposeDialog";
import type { Address } from "./address";
import { save, toCsv, toMarkdown, toPng } from "./exports";
import type { GroupName } from "./names";
import { dropDraft, keepProposal, previewOf } from "./proposal";
import { signed, sizesOf } from "./Sizes";

/** The scenarios, what becomes of the one that is tried: a proposal, or a file. */
export function Scenarios({
  session,
  source,
  address,
  report,
  whole,
  group,
  word,
  onAddress,
}: {
  session: Session;
  source: Source;
  address: Address;
  report: Report | undefined;
  whole: boolean;
  group: GroupName;
  word: (group: GroupName, name: string) => string;
  onAddress: (change: (old: Address) => Address) => void;
}) {
  const { t } = useTranslation();
  const [proposing, setProposing] = useState(false);
  const { scenarios, on } = address;
  const now = scenarios[on];
  const changed = Object.keys(now?.edits ?? {}).length > 0;
  const add = () =>
    onAddress((old) => {
      const taken = new Set(old.scenarios.map(({ name }) => name));
      let n = old.scenarios.length + 1;
      while (taken.has(t("whatif.scenario", { n }))) n++;
      const fresh = { name: t("whatif.scenario", { n }), edits: old.scenarios[old.on]?.edits ?? {} };
      return { ...old, scenarios: [...old.scenarios, fresh], on: old.scenarios.length };
    });
  const rename = (name: string) =>
    onAddress((old) => ({
      ...old,
      scenarios: old.scenarios.map((one, i) => (i === old.on ? { ...one, name: name.slice(0, 40) } : one)),
    }));
  const remove = () =>
    onAddress((old) => {
      const left = old.scenarios.filter((_, i) => i !== old.on);
      return { ...old, scenarios: left, on: Math.min(old.on, left.length - 1) };
    });
  return (
    <>
      <span className="scenarios" role="tablist" aria-label={t("whatif.scenarios")}>
        {scenarios.length > 1 &&
          scenarios.map((scenario, i) => (
            <button
              // biome-ignore lint/suspicious/noArrayIndexKey: scenarios are known by their place, names change
              key={i}
              type="button"
              role="tab"
              aria-selected={i === on}
              onClick={() => onAddress((old) => ({ ...old, on: i }))}
            >
              {scenario.name || "–"}
            </button>
          ))}
      </span>
      {scenarios.length > 1 && (
        <Input
          className="scenario-name"
          aria-label={t("whatif.scenarioName")}
          value={now?.name}
          onChange={(event) => rename(event.target.value)}
        />
      )}
      {scenarios.length > 1 && <Button onClick={remove}>{t("whatif.removeScenario")}</Button>}
      {scenarios.length < 6 && (
        <Button icon={<PlusOutlined />} onClick={add}>
          {t("whatif.addScenario")}
        </Button>
      )}
      <Exports session={session} source={source} report={report} group={group} word={word} />
      <Button type="primary" disabled={!changed || !whole || !report} onClick={() => setProposing(true)}>
        {t("whatif.propose")}
      </Button>
      {proposing && now && report && (
        <Propose
          source={source}
          edits={now.edits}
          report={report}
          session={session}
          name={now.name}
          onClose={() => setProposing(false)}
        />
      )}
    </>
  );
}

function Exports({
  session,
  source,
  report,
  group,
  word,
}: {
  session: Session;
  source: Source;
  report: Report | undefined;
  group: GroupName;
  word: (group: GroupName, name: string) => string;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const palette = paletteOf(useDark());
  const { message } = App.useApp();
  const write = async (kind: string) => {
    const told = session.report();
    if (!told || !report) return;
    const name = `weir-whatif-${told.tried_version}`;
    if (kind === "csv") return save(new Blob([`\ufeff${toCsv(told)}`], { type: "text/csv" }), `${name}.csv`);
    const title = t("whatif.title");
    if (kind === "md") return save(new Blob([toMarkdown(told, title)], { type: "text/markdown" }), `${name}.md`);
    const rows = sizesOf(report, group).filter(({ before, after }) => before.users || after.users);
    const picture = await toPng({
      title: `${title} · ${t(`whatif.group.${group}`)}`,
      lead: `${format.time(source.snapshot.as_of)} · ${told.published_version} → ${told.tried_version} · ${format.count(report.users)}`,
      rows: rows.map((size, i) => ({
        name: word(group, size.name),
        before: size.before.users,
        after: size.after.users,
        color: palette.series[i % palette.series.length] ?? palette.accent,
        text: format.count(size.after.users),
        delta: signed(size.after.users - size.before.users, format.count),
      })),
      colors: { ground: palette.surface, text: palette.text, muted: palette.muted, line: palette.line },
    });
    save(picture, `${name}.png`);
  };
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: [
          { key: "csv", label: t("whatif.export.csv") },
          { key: "png", label: t("whatif.export.png") },
          { key: "md", label: t("whatif.export.md") },
        ],
        onClick: ({ key }) => void write(key).catch((error: Error) => message.error(error.message)),
      }}
    >
      <Button disabled={!report}>
        {t("whatif.export.name")} <DownOutlined aria-hidden="true" />
      </Button>
    </Dropdown>
  );
}

/** Turns what is tried into a proposal, or a draft of the strategy: only what was changed is written into the file. */
function Propose({
  source,
  edits,
  report,
  session,
  name,
  onClose,
}: {
  source: Source;
  edits: Address["scenarios"][number]["edits"];
  report: Report;
  session: Session;
  name: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const settings = edited(source.settings, edits);
  const moved = movesOf(report.stage).filter(({ from, to }) => from !== to);
  const direct = useDirect();
  const [title, setTitle] = useState(name);
  const [note, setNote] = useState("");
  const propose = async (draft: boolean) => {
    setBusy(true);
    setFailure(undefined);
    try {
      const current = await data(api.GET("/v1/strategy"));
      const { withEdits } = await import("../../core/whatif/yaml");
      const text = withEdits(current.text, edits, settings);
      const diff = await data(api.POST("/v1/strategy/diff", { body: { text, from: current.version } }));
      const mistake = diff.problems?.[0];
      if (mistake) throw new Problem(422, { detail: mistake.message, hint: mistake.expected ?? "" });
      const moves = current.version === source.snapshot.strategy_version;
      if (moves && diff.to_version !== versionOf(settings))
        throw new Problem(422, { detail: t("whatif.proposeDiffers"), hint: t("whatif.proposeByHand") });
      const told = session.report();
      if (told) keepProposal({ text, from: current.version }, told);
      if (draft) return void navigate("/strategy?tab=changes");
      const { proposal } = await data(
        api.POST("/v1/strategy/proposals", {
          body: {
            text,
            title,
            note,
            from: current.version,
            include_existing: false,
            preview: previewOf(text, current.version),
          },
        }),
      );
      dropDraft();
      void navigate(`/strategy?tab=proposals&proposal=${proposal.number}`);
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      width={720}
      title={t("whatif.proposeTitle")}
      okText={t(direct === "approval" ? "proposal.askApproval" : "proposal.propose")}
      okButtonProps={{ loading: busy }}
      onOk={() => void propose(false)}
      onCancel={onClose}
      footer={(_, { OkBtn, CancelBtn }) => (
        <>
          <CancelBtn />
          {!direct && (
            <Button disabled={busy} onClick={() => void propose(true)}>
              {t("whatif.proposeOk")}
            </Button>
          )}
          <OkBtn />
        </>
      )}
    >
      <div style={{ display: "grid", gap: 16 }}>
        <p className="muted">{t("whatif.proposeText")}</p>
        <Meaning changes={changesOf(source.settings, settings)} height={280} />
        <p>{t("whatif.proposeMoves", { n: format.count(moved.reduce((sum, one) => sum + one.users, 0)) })}</p>
        <ProposalFields title={title} note={note} onTitle={setTitle} onNote={setNote} />
        {direct && (
          <p className="muted note">{t(direct === "approval" ? "proposal.barApproval" : "proposal.barRole")}</p>
        )}
        {failure !== undefined && <Failure error={failure} />}
      </div>
    </Modal>
  );
}
