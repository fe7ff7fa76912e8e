import { useTranslation } from "react-i18next";
import type { Job } from "../core/jobs";
import { PlainButton } from "./Controls";
import { Meter } from "./Parts";

/** How far long work is; when it failed, why and what to do. */
export function JobState({ job, retry }: { job: Job | undefined; retry?: () => void }) {
  const { t } = useTranslation();
  if (!job || job.status === "done") return null;
  if (job.status === "failed")
    return (
      <div className="banner bad" role="alert">
        <span className="grow">
          <strong>{t("error.title")}.</strong> {job.problem?.detail}
          {job.problem?.hint && <span className="block">{job.problem.hint}</span>}
        </span>
        {retry && <PlainButton onClick={retry}>{t("error.retry")}</PlainButton>}
      </div>
    );
  return (
    <div className="banner" role="status">
      <span className="grow">{t(`job.${job.kind}`)}</span>
      <Meter share={job.total > 0 ? job.done / job.total : undefined} label={t(`job.${job.kind}`)} />
    </div>
  );
}
