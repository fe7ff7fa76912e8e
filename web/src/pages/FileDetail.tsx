import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { FileStatus, isBusy } from "../components/FileStatus";
import { Card, Figure, PageHead, Pairs } from "../components/Parts";
import { Answer } from "../components/States";
import { api, data, type Schemas } from "../core/api";
import { useAddress, useView } from "../core/view";
import { Rejects } from "./files/Rejects";

/** One file: how far it is, what came of it, and what was refused. */
export default function FileDetail() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const address = useAddress();
  const file = useQuery({
    queryKey: ["files", id],
    queryFn: () => data(api.GET("/v1/files/{id}", { params: { path: { id } } })),
    refetchInterval: (query) => (query.state.data && isBusy(query.state.data) ? 800 : false),
  });
  return (
    <>
      <p className="back">
        <Link to={address("/files")}>← {t("files.title")}</Link>
      </p>
      <PageHead title={file.data?.name || id} lead={file.data && <FileStatus file={file.data} />} />
      <Answer query={file} rows={8}>
        {(found) => <Detail file={found} />}
      </Answer>
    </>
  );
}

function Detail({ file }: { file: Schemas["File"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const pairs: [string, React.ReactNode][] = [
    [t("files.size"), format.bytes(file.size)],
    [t("files.arrivedAt"), format.time(file.arrived)],
    [t("files.finishedAt"), file.finished ? format.time(file.finished) : "–"],
    [t("files.asOf"), file.as_of ? format.time(file.as_of) : t("files.asOfArrival")],
    [t("files.mode"), file.backfill ? t("files.modeBackfill") : t("files.modeLive")],
    [
      t("files.id"),
      <span key="id" className="mono break">
        {file.id}
      </span>,
    ],
  ];
  if (file.consumed) {
    pairs.push([
      t("files.costLong"),
      <span key="cost">
        {t("files.costOf", {
          price: format.price(file.consumed.usd, "USD"),
          reads: format.count(Math.ceil(file.consumed.reads)),
          writes: format.count(Math.ceil(file.consumed.writes)),
        })}
        <div className="muted">{t("files.costWhere", file.consumed)}</div>
      </span>,
    ]);
  }
  if (file.redrive_of) {
    pairs.push([
      t("files.redriveOf"),
      <Link key="of" className="mono break" to={address(`/files/${encodeURIComponent(file.redrive_of)}`)}>
        {file.redrive_of}
      </Link>,
    ]);
  }
  return (
    <div className="grid">
      {file.error && (
        <div className="banner bad" role="alert" style={{ marginBottom: 0 }}>
          <span className="grow break">
            <strong>{t("files.failedTitle")}</strong> {file.error}
          </span>
        </div>
      )}
      <dl className="figures">
        {(["events", "accepted", "rejected", "duplicates", "users"] as const).map((key) => (
          <Figure key={key} name={t(`files.count.${key}`)} value={format.count(file.counts[key])} />
        ))}
      </dl>
      <Rejects file={file} />
      <Card title={t("files.about")}>
        <Pairs pairs={pairs} />
        {file.mapping && (
          <details style={{ marginTop: 14 }}>
            <summary>{t("files.mapping")}</summary>
            <pre className="mono scroll">{file.mapping}</pre>
          </details>
        )}
      </Card>
    </div>
  );
}
