import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { PlainButton } from "../components/Controls";
import { PageHead } from "../components/Parts";
import { Empty, Failure, Loading } from "../components/States";
import { TakeSnapshot } from "../components/TakeSnapshot";
import { minorDigits } from "../core/format";
import { useRested } from "../core/hooks";
import { bearer } from "../core/session";
import { useView } from "../core/view";
import moduleUrl from "../core/whatif/preview.wasm?url";
import { Session, type Sliding } from "../core/whatif/session";
import type { Edits } from "../core/whatif/settings";
import type { Source } from "../core/whatif/source";
import { AskBase } from "./whatif/AskBase";
import { type Address, readAddress, writeAddress } from "./whatif/address";
import { Beside } from "./whatif/Beside";
import { cutRows, knobsOf } from "./whatif/knobs";
import { anybody, Movers, type Picked } from "./whatif/Movers";
import { Moving } from "./whatif/Moving";
import { type GroupName, schemaOf, useWords } from "./whatif/names";
import { Outreach } from "./whatif/Outreach";
import { useOffline } from "./whatif/offline";
import { Panel } from "./whatif/Panel";
import { placeOfRefusal } from "./whatif/refusal";
import { Scenarios } from "./whatif/Scenarios";
import { Sizes } from "./whatif/Sizes";
import { Spoken, Summary } from "./whatif/Summary";
import { useSpreads } from "./whatif/spreads";
import { Trouble } from "./whatif/Trouble";

/** What automation reads: the object of `weir whatif --json`, and how long answers took. */
interface Automation {
  report: () => ReturnType<Session["report"]>;
  timings: () => ReturnType<Session["timings"]["all"]>;
}

declare global {
  interface Window {
    weir?: Automation;
  }
}

/** The most workers: rows are split between them. */
const WORKERS = 4;

/** The base under another strategy: every slider is answered from all users, in this browser. */
export default function WhatIf() {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  // Less memory than the browser gives can be asked for, to see what a small machine would do.
  const memory = Number(params.get("memory")) || 0;
  const session = useMemo(
    () =>
      new Session({
        moduleUrl,
        make: () => new Worker(new URL("../core/whatif/worker.ts", import.meta.url), { type: "module" }),
        workers: Math.min(navigator.hardwareConcurrency || 1, WORKERS),
        memory: memory * 2 ** 20,
        token: bearer,
      }),
    [memory],
  );
  useEffect(() => {
    void session.load();
    window.weir = { report: () => session.report(), timings: () => session.timings.all() };
    return () => {
      session.close();
      delete window.weir;
    };
  }, [session]);
  const state = useSyncExternalStore(session.subscribe, session.get);
  useOffline(state.phase === "ready");
  const retry = useCallback(() => void session.load(), [session]);

  if (state.source && (state.phase === "ready" || state.phase === "loading"))
    return <Workbench session={session} source={state.source} onReload={retry} />;
  return (
    <>
      <PageHead title={t("whatif.title")} lead={t("whatif.lead")} />
      {state.phase === "reading" && <Loading rows={10} />}
      {state.phase === "none" && (
        <div className="card">
          <Empty title={t("whatif.none")} text={t("whatif.noneText")}>
            <TakeSnapshot onDone={retry} />
          </Empty>
        </div>
      )}
      {state.phase === "failed" && state.failure && (
        <Trouble error={state.failure} onRetry={retry}>
          <Failure error={state.failure} retry={retry} />
        </Trouble>
      )}
    </>
  );
}

function Workbench({ session, source, onReload }: { session: Session; source: Source; onReload: () => void }) {
  const { t } = useTranslation();
  const { format } = useView();
  const state = useSyncExternalStore(session.subscribe, session.get);
  const [params, setParams] = useSearchParams();
  const [address, setAddress] = useState<Address>(() => readAddress(params, t("whatif.scenario", { n: 1 })));
  const [group, setGroup] = useState<GroupName>("stage");
  const [picked, setPicked] = useState<Picked>(anybody);
  const { scenarios, on } = address;
  const edits = scenarios[on]?.edits ?? {};

  // What is tried stands in the address once it rests.
  const rested = useRested(address, 400);
  useEffect(() => {
    setParams((old) => writeAddress(old, rested), { replace: true });
  }, [rested, setParams]);

  const asked = useRef<{ edits: Edits; sliding: Sliding | undefined; at: number | undefined }>(undefined);
  const onEdit = useCallback((next: Edits, sliding?: Sliding, at?: number) => {
    asked.current = { edits: next, sliding, at };
    setAddress((old) => ({
      ...old,
      scenarios: old.scenarios.map((one, i) => (i === old.on ? { ...one, edits: next } : one)),
    }));
  }, []);
  useEffect(() => {
    const { sliding, at } = asked.current?.edits === edits ? asked.current : {};
    session.ask(edits, sliding, at);
  }, [session, edits]);

  const complete = state.progress?.complete === true;
  const spreads = useSpreads(session, state.phase === "ready" ? source : undefined, complete);
  const schema = useMemo(() => schemaOf(source), [source]);
  const digits = minorDigits(source.snapshot.currency);
  const { settings } = useMemo(() => knobsOf(source, state.of, { of: () => undefined }), [source, state.of]);
  useEffect(() => {
    const scale = 10 ** digits;
    const [recency, frequency, money] = cutRows(source.plan, source.settings, spreads, digits);
    const raw = [...(money?.stops ?? []), ...(money?.published ?? [])].map((stop) => Math.round(stop * scale));
    session.setScoreStops(
      [...(recency?.stops ?? []), ...(recency?.published ?? [])],
      [...(frequency?.stops ?? []), ...(frequency?.published ?? [])],
      raw,
    );
  }, [session, source, spreads, digits]);
  const word = useWords(settings);
  const refused = placeOfRefusal(state.refused, source, edits);
  const { report } = state;
  const { currency } = source.snapshot;
  const modelled = source.snapshot.models !== undefined;
  const undoAll = (
    <PlainButton quiet onClick={() => onEdit({})}>
      {t("whatif.undoAll")}
    </PlainButton>
  );
  const showMovers = useCallback((from: string, to: string) => {
    setPicked({ kind: "stage", name: "", from, to });
    document.getElementById("movers")?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <>
      <PageHead title={t("whatif.title")} lead={t("whatif.lead")}>
        <Scenarios
          session={session}
          source={source}
          address={address}
          report={report}
          whole={state.whole}
          group={group}
          word={word}
          onAddress={setAddress}
        />
      </PageHead>
      <Summary state={state} source={source} session={session} onReload={onReload} />
      {state.refused && !refused && (
        <div className="banner bad" role="alert">
          <span className="grow">
            {state.refused.message}
            {state.refused.hint && <span className="muted"> · {state.refused.hint}</span>}
          </span>
          {undoAll}
        </div>
      )}
      <div className="whatif">
        <aside className="card controls" aria-label={t("whatif.controls")}>
          <div className="card-head">
            <div>
              <h2>{t("whatif.controls")}</h2>
              <p>{t("whatif.controlsLead")}</p>
            </div>
            <span className={Object.keys(edits).length > 0 ? undefined : "unseen"}>{undoAll}</span>
          </div>
          <Panel
            session={session}
            source={source}
            edits={edits}
            spreads={spreads}
            schema={schema}
            refused={refused}
            onEdit={onEdit}
          />
        </aside>
        <div className="results">
          {report ? (
            <>
              <Sizes
                report={report}
                group={group}
                word={word}
                currency={currency}
                modelled={modelled}
                base={state.spreads ? source.snapshot.users : 0}
                onGroup={setGroup}
              />
              {scenarios.length > 1 && (
                <Beside
                  session={session}
                  scenarios={scenarios}
                  on={on}
                  report={report}
                  whole={state.whole}
                  group={group}
                  word={word}
                />
              )}
              <Moving report={report} word={word} currency={currency} modelled={modelled} onMove={showMovers} />
              <div id="movers">
                <Movers
                  session={session}
                  source={source}
                  settings={settings}
                  report={report}
                  whole={state.whole}
                  picked={picked}
                  word={word}
                  onPick={setPicked}
                />
              </div>
              {settings.outreach.rules.length > 0 && (
                <Outreach
                  report={report}
                  settings={settings}
                  currency={currency}
                  weight={(source.snapshot.users || 1) / Math.max(1, report.users)}
                />
              )}
              <AskBase
                session={session}
                schema={schema}
                report={report}
                whole={state.whole}
                currency={currency}
                modelled={modelled}
                condition={address.condition}
                onCondition={(condition) => setAddress((old) => ({ ...old, condition }))}
              />
            </>
          ) : (
            <div className="card">
              <Loading rows={12} />
            </div>
          )}
        </div>
      </div>
      {report && <Spoken report={report} whole={state.whole} word={word} format={format} />}
    </>
  );
}
