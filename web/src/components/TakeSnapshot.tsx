import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, data } from "../core/api";
import { useJob } from "../core/jobs";
import { toProblem } from "../core/problem";
import { PlainButton } from "./Controls";
import { Meter } from "./Parts";

/** Makes a snapshot and says how far it is. */
export function TakeSnapshot({ again = false, onDone }: { again?: boolean; onDone: () => void }) {
  const { t } = useTranslation();
  const { job, started } = useJob("snapshot", (ended) => ended.status === "done" && onDone());
  const make = useMutation({
    mutationFn: () => data(api.POST("/v1/snapshot")),
    onSuccess: started,
  });
  const running = job?.status === "running";
  const problem = make.error
    ? toProblem(make.error).message
    : job?.status === "failed"
      ? (job.problem?.detail ?? job.problem?.title ?? "")
      : "";
  return (
    <span className="take">
      {running ? (
        <span className="loading-line" role="status">
          <Meter share={job.total > 0 ? job.done / job.total : undefined} label={t("whatif.making")} />
          <span className="muted">{t("whatif.making")}</span>
        </span>
      ) : (
        <PlainButton quiet={again} onClick={() => make.mutate()} disabled={make.isPending}>
          {t(again ? "whatif.makeAgain" : "whatif.make")}
        </PlainButton>
      )}
      {problem && !running && (
        <span className="said" role="alert">
          {problem}
        </span>
      )}
    </span>
  );
}
