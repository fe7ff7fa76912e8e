import { useTranslation } from "react-i18next";
import type { Job } from "../core/jobs";
import { Problem } from "../core/problem";
import { Meter } from "./Parts";
import { Failure } from "./States";

/** How far long work is; when it failed, why and what to do. */
export function JobState({ job, retry }: { job: Job | undefined; retry?: () => void }) {
  const { t } = useTranslation();
  if (!job || job.status === "done") return null;
  if (job.status === "failed")
    return (
      <div className="card" style={{ marginBottom: 20 }}>
        <Failure error={new Problem(job.problem?.status ?? 500, { ...job.problem })} retry={retry} />
      </div>
    );
  return (
    <div className="banner" role="status">
      <span className="grow">{t(`job.${job.kind}`)}</span>
      <Meter share={job.total > 0 ? job.done / job.total : undefined} label={t(`job.${job.kind}`)} />
    </div>
  );
}
