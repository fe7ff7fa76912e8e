import { CloseOutlined, CloudUploadOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button, DatePicker, Switch } from "antd";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Mark, Meter } from "../../components/Parts";
import { upload } from "../../core/api";
import { type Problem, toProblem } from "../../core/problem";
import { endOfDay } from "../../core/time";
import { useAddress, useView } from "../../core/view";

interface Job {
  key: number;
  file: File;
  share: number;
  state: "sending" | "kept" | "failed";
  id?: string;
  problem?: Problem;
  stop: AbortController;
}

/** Takes event files by drag and drop or by choice, with what should be known of them. */
export function UploadPanel() {
  const { t } = useTranslation();
  const { zone } = useView();
  const queries = useQueryClient();
  const [over, setOver] = useState(false);
  const [mapping, setMapping] = useState<{ name: string; text: string } | null>(null);
  const [backfill, setBackfill] = useState(false);
  const [asOf, setAsOf] = useState("");
  const [jobs, setJobs] = useState<Job[]>([]);
  const chooser = useRef<HTMLInputElement>(null);
  const count = useRef(0);

  const change = (key: number, part: Partial<Job>) =>
    setJobs((old) => old.map((job) => (job.key === key ? { ...job, ...part } : job)));

  const send = async (file: File, again = false) => {
    const job: Job = { key: ++count.current, file, share: 0, state: "sending", stop: new AbortController() };
    setJobs((old) => [job, ...old]);
    try {
      const kept = await upload(
        { file, mapping: mapping?.text ?? "", backfill, again, asOf: asOf ? endOfDay(asOf, zone) : "" },
        (share) => change(job.key, { share }),
        job.stop.signal,
      );
      change(job.key, { state: "kept", share: 1, ...(kept && { id: kept.id }) });
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["files"] }),
        queries.invalidateQueries({ queryKey: ["status"] }),
      ]);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") dismiss(job.key);
      else change(job.key, { state: "failed", problem: toProblem(error) });
    }
  };
  const dismiss = (key: number) => setJobs((old) => old.filter((job) => job.key !== key));
  const sendAll = async (files: Iterable<File>) => {
    for (const file of [...files]) await send(file);
  };

  return (
    <section className="card" aria-label={t("upload.title")}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the button inside does the same */}
      <div
        className={`drop ${over ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void sendAll(event.dataTransfer.files);
        }}
      >
        <CloudUploadOutlined className="picture" aria-hidden="true" />
        <strong>{t("upload.drop")}</strong>
        <span className="muted">{t("upload.formats")}</span>
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          data-testid="event-files"
          onChange={(event) => {
            void sendAll(event.target.files ?? []);
            event.target.value = "";
          }}
        />
        <Button type="primary" onClick={() => chooser.current?.click()}>
          {t("upload.choose")}
        </Button>
      </div>
      <div className="options" style={{ marginTop: 16 }}>
        <MappingChoice mapping={mapping} onChange={setMapping} />
        <BackfillChoice backfill={backfill} onChange={setBackfill} />
        <DatePicker
          style={{ width: 190 }}
          placeholder={t("upload.asOf")}
          aria-label={t("upload.asOf")}
          onChange={(value) => setAsOf(value ? value.format("YYYY-MM-DD") : "")}
        />
      </div>
      {jobs.length > 0 && (
        <ul className="tiles" style={{ marginTop: 16 }}>
          {jobs.map((job) => (
            <JobItem
              key={job.key}
              job={job}
              dismiss={() => dismiss(job.key)}
              again={() => {
                dismiss(job.key);
                void send(job.file, true);
              }}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

function MappingChoice({
  mapping,
  onChange,
}: {
  mapping: { name: string; text: string } | null;
  onChange: (mapping: { name: string; text: string } | null) => void;
}) {
  const { t } = useTranslation();
  const chooser = useRef<HTMLInputElement>(null);
  return (
    <span className="marks" style={{ alignItems: "center" }}>
      <input
        ref={chooser}
        type="file"
        accept=".yaml,.yml"
        hidden
        data-testid="mapping-file"
        onChange={async (event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) onChange({ name: file.name, text: await file.text() });
        }}
      />
      <Button onClick={() => chooser.current?.click()}>{t("upload.mapping")}</Button>
      {mapping ? (
        <>
          <Mark tone="accent">{mapping.name}</Mark>
          <Button
            size="small"
            type="text"
            icon={<CloseOutlined aria-hidden="true" />}
            aria-label={t("upload.noMapping")}
            onClick={() => onChange(null)}
          />
        </>
      ) : (
        <span className="muted">{t("upload.mappingHint")}</span>
      )}
    </span>
  );
}

function BackfillChoice({ backfill, onChange }: { backfill: boolean; onChange: (backfill: boolean) => void }) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <span className="marks" style={{ alignItems: "center" }}>
      <Switch id={id} checked={backfill} onChange={onChange} aria-describedby={`${id}-hint`} />
      <label htmlFor={id}>{t("upload.backfill")}</label>
      <span className="muted" id={`${id}-hint`}>
        {t("upload.backfillHint")}
      </span>
    </span>
  );
}

function JobItem({ job, dismiss, again }: { job: Job; dismiss: () => void; again: () => void }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const { problem } = job;
  return (
    <li className="tile">
      <span className="line">
        <span className="break">
          {job.file.name} <span className="muted num">{format.bytes(job.file.size)}</span>
        </span>
        {job.state === "sending" && (
          <span className="line" style={{ flex: "1 1 200px", color: "var(--info)", flexWrap: "nowrap" }}>
            <Meter share={job.share} label={t("upload.sending", { name: job.file.name })} />
            <span className="num">{format.percent(job.share, 0)}</span>
            <Button size="small" onClick={() => job.stop.abort()}>
              {t("common.cancel")}
            </Button>
          </span>
        )}
        {job.state === "kept" && (
          <span className="marks" role="status">
            <Mark tone="good" dot>
              {t("upload.kept")}
            </Mark>
            {job.id ? (
              <Link to={address(`/files/${encodeURIComponent(job.id)}`)}>{t("upload.follow")}</Link>
            ) : (
              <span className="muted">{t("upload.soon")}</span>
            )}
          </span>
        )}
      </span>
      {problem && (
        <div role="alert">
          <p style={{ color: "var(--bad)" }} className="break">
            {problem.status === 0 && !problem.detail ? t("error.unreachable") : problem.message}
          </p>
          {problem.hint && <p className="break">{problem.hint}</p>}
          <p className="marks" style={{ marginTop: 8 }}>
            {problem.code === "conflict" && (
              <Button size="small" onClick={again}>
                {t("upload.again")}
              </Button>
            )}
            <Button size="small" onClick={dismiss}>
              {t("common.dismiss")}
            </Button>
          </p>
        </div>
      )}
    </li>
  );
}
