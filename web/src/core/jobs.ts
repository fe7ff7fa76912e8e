import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, data, type Schemas } from "./api";

export type Job = Schemas["Job"];

const KEY = ["jobs"];
const PAUSE = 600;

/**
 * The newest job of a kind, followed while it runs. When it ends, everything that is shown is asked for again. `started` is told
 * of a job that this page began.
 */
export function useJob(
  kind: Job["kind"],
  ended?: (job: Job) => void,
): { job: Job | undefined; started: (job: Job) => void } {
  const queries = useQueryClient();
  const { data: list } = useQuery({
    queryKey: KEY,
    queryFn: () => data(api.GET("/v1/jobs")),
    refetchInterval: (query) => (query.state.data?.jobs.some((job) => job.status === "running") ? PAUSE : false),
  });
  const job = list?.jobs.find((one) => one.kind === kind);
  const watched = useRef<string>(undefined);
  const tell = useRef(ended);
  tell.current = ended;
  useEffect(() => {
    if (!job) return;
    if (job.status === "running") {
      watched.current = job.id;
      return;
    }
    if (watched.current !== job.id) return;
    watched.current = undefined;
    tell.current?.(job);
    void queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== KEY[0] });
  }, [job, queries]);
  const started = (begun: Job) => {
    watched.current = begun.id;
    queries.setQueryData<Schemas["JobList"]>(KEY, (old) => ({ jobs: [begun, ...(old?.jobs ?? [])] }));
    void queries.invalidateQueries({ queryKey: KEY });
  };
  return { job, started };
}
