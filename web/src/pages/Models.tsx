import { useQuery } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { JobState } from "../components/JobState";
import { PageHead } from "../components/Parts";
import { Answer, Empty } from "../components/States";
import { api, data, type Schemas } from "../core/api";
import { type Job, useJob } from "../core/jobs";
import { FitDialog } from "./models/FitDialog";
import { PublishDialog } from "./models/PublishDialog";
import { Report } from "./models/Report";
import { Versions } from "./models/Versions";

/** The fitted models: what they found, how well they foretell, and which of them score. */
export default function Models() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [params, setParams] = useSearchParams();
  const [fitting, setFitting] = useState(false);
  const [choice, setChoice] = useState<string>();
  const models = useQuery({ queryKey: ["models"], queryFn: () => data(api.GET("/v1/models")) });
  const show = (version: string) =>
    setParams((old) => {
      const next = new URLSearchParams(old);
      next.set("version", version);
      return next;
    });
  const fit = useJob("fit", (job: Job) => {
    if (job.status !== "done" || !job.version) return;
    message.success(t("models.fitted", { version: job.version }));
    show(job.version);
  });
  const publish = useJob("publish", (job: Job) => {
    if (job.status !== "done") return;
    message.success(job.version ? t("publish.done", { version: job.version }) : t("models.noneNow"));
  });
  const busy = fit.job?.status === "running" || publish.job?.status === "running";
  const shownOf = (list: Schemas["ModelList"]) => {
    const asked = params.get("version");
    const { versions } = list;
    return versions.find((one) => one.version === asked) ?? versions.find((one) => one.current) ?? versions[0];
  };
  return (
    <>
      <PageHead title={t("models.title")} lead={t("models.lead")}>
        {models.data && models.data.versions.length > 0 && (
          <Button type="primary" disabled={busy} onClick={() => setFitting(true)}>
            {t("models.fit")}
          </Button>
        )}
      </PageHead>
      <JobState job={fit.job} retry={() => setFitting(true)} />
      <JobState job={publish.job} />
      <Answer query={models} rows={10}>
        {(list) => {
          const shown = shownOf(list);
          if (!shown)
            return (
              <div className="card">
                <Empty title={t("models.none")} text={t("models.noneText")}>
                  <Button type="primary" disabled={busy} onClick={() => setFitting(true)}>
                    {t("models.fit")}
                  </Button>
                </Empty>
              </div>
            );
          return (
            <div className="grid">
              {!list.current && (
                <div className="banner" role="status" style={{ margin: 0 }}>
                  <span className="grow">{t("models.nothingPublished")}</span>
                </div>
              )}
              <Versions list={list} shown={shown.version} onShow={show} onPublish={setChoice} busy={busy} />
              <Report version={shown.version} />
            </div>
          );
        }}
      </Answer>
      {fitting && <FitDialog onClose={() => setFitting(false)} onStart={fit.started} />}
      {choice !== undefined && models.data && (
        <PublishDialog
          version={choice}
          from={models.data.current ?? ""}
          onClose={() => setChoice(undefined)}
          onStart={publish.started}
        />
      )}
    </>
  );
}
