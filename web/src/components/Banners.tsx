import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, data } from "../core/api";
import { toProblem } from "../core/problem";
import { useEnded } from "../core/session";
import { useAddress, useQuiet, useView } from "../core/view";
import { SignInAgain } from "./Account";
import { useKnown } from "./known";
import { Meter, useLabel } from "./Parts";

/** What everybody should see whatever the page: no server, an import that runs, outreach that is stopped. */
export function Banners() {
  const { t } = useTranslation();
  const { status, statusError, format } = useView();
  const quiet = useQuiet();
  const ended = useEnded();
  const known = useKnown();
  const address = useAddress();
  const label = useLabel();
  const outreach = useQuery({
    queryKey: ["outreach"],
    queryFn: () => data(api.GET("/v1/outreach")),
    refetchInterval: quiet ? false : 20_000,
    enabled: !ended,
    retry: false,
  });
  const running = status?.import;
  return (
    <>
      <SignInAgain />
      {status && statusError != null && toProblem(statusError).status === 0 && (
        <div className="banner bad" role="alert">
          {t("banner.offline")}
        </div>
      )}
      {running && (
        <div className="banner" role="status">
          <span className="grow">
            {t("banner.importing", { name: running.name || running.file || "", phase: known.phase(running.phase) })}
            {running.events ? ` · ${t("banner.events", { n: format.count(running.events) })}` : ""}
          </span>
          <Meter share={running.total > 0 ? running.done / running.total : undefined} label={t("banner.progress")} />
        </div>
      )}
      {status?.models_stale && (
        <div className="banner warn" role="status">
          <span className="grow">{label("", status.models_stale.text)}</span>
          <Link to={address("/models")}>{t("frame.place.models")}</Link>
        </div>
      )}
      {outreach.data?.stopped && (
        <div className="banner warn" role="status">
          <span className="grow">{t("banner.stopped")}</span>
          <Link to={address("/outbox")}>{t("frame.place.outbox")}</Link>
        </div>
      )}
    </>
  );
}
