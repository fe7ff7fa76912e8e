import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Table, type TableColumnsType } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { FileStatus, isBusy } from "../components/FileStatus";
import { Pager } from "../components/Pager";
import { Card, PageHead } from "../components/Parts";
import { Answer, Empty } from "../components/States";
import { api, data, type Schemas } from "../core/api";
import { useNarrow, usePages } from "../core/hooks";
import { useAddress, useView } from "../core/view";
import { UploadPanel } from "./files/UploadPanel";

type File = Schemas["File"];

export default function Files() {
  const { t } = useTranslation();
  const pages = usePages("files");
  const files = useQuery({
    queryKey: ["files", "list", pages.after],
    queryFn: () => data(api.GET("/v1/files", { params: { query: { after: pages.after, limit: 50 } } })),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.files.some(isBusy) ? 1000 : 15_000),
  });
  return (
    <>
      <PageHead title={t("files.title")} lead={t("files.lead")} />
      <div className="grid">
        <UploadPanel />
        <Card title={t("files.arrived")}>
          <Answer query={files} rows={5}>
            {(page) =>
              page.files.length === 0 && pages.page === 1 ? (
                <Empty title={t("files.none")} text={t("files.noneText")} />
              ) : (
                <>
                  <FileList files={page.files} />
                  <Pager {...pages} next={page.next} />
                </>
              )
            }
          </Answer>
        </Card>
      </div>
    </>
  );
}

function FileList({ files }: { files: File[] }) {
  const narrow = useNarrow();
  const columns = useColumns(files.some((file) => file.consumed));
  if (narrow) {
    return (
      <div className="tiles">
        {files.map((file) => (
          <FileTile key={file.id} file={file} />
        ))}
      </div>
    );
  }
  return (
    <Table<File>
      rowKey="id"
      columns={columns}
      dataSource={files}
      pagination={false}
      size="middle"
      scroll={{ x: 860 }}
    />
  );
}

/** The columns; what an import cost is one of them where something is paid by use. */
function useColumns(paid: boolean): TableColumnsType<File> {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  return useMemo(() => {
    const count = (key: Exclude<keyof Schemas["Counts"], "forgotten">) => ({
      key,
      title: t(`files.count.${key}`),
      align: "right" as const,
      render: (_: unknown, file: File) => <span className="num">{format.count(file.counts[key] ?? 0)}</span>,
    });
    return [
      {
        key: "name",
        title: t("files.name"),
        render: (_, file) => (
          <>
            <Link className="break" to={address(`/files/${encodeURIComponent(file.id)}`)}>
              {file.name || file.id}
            </Link>
            <div className="muted num">
              {format.bytes(file.size)} · {format.time(file.arrived)}
            </div>
          </>
        ),
      },
      { key: "status", title: t("files.status"), render: (_, file) => <FileStatus file={file} /> },
      count("events"),
      count("accepted"),
      {
        ...count("rejected"),
        render: (_, file) => (
          <span className="num" style={file.counts.rejected > 0 ? { color: "var(--bad)" } : undefined}>
            {format.count(file.counts.rejected)}
          </span>
        ),
      },
      count("duplicates"),
      count("users"),
      ...(paid
        ? [
            {
              key: "cost",
              title: t("files.cost"),
              align: "right" as const,
              render: (_: unknown, file: File) => <Cost file={file} />,
            },
          ]
        : []),
    ];
  }, [t, format, address, paid]);
}

function Cost({ file }: { file: File }) {
  const { t } = useTranslation();
  const { format } = useView();
  if (!file.consumed) return "–";
  return (
    <span className="num" title={t("files.costWhere", file.consumed)}>
      {format.price(file.consumed.usd, "USD")}
    </span>
  );
}

function FileTile({ file }: { file: File }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  return (
    <Link className="tile" to={address(`/files/${encodeURIComponent(file.id)}`)}>
      <span className="break">{file.name || file.id}</span>
      <span className="line">
        <FileStatus file={file} />
        <span className="muted num">{format.time(file.arrived)}</span>
      </span>
      <span className="line muted">
        <span>
          {t("files.acceptedOf", {
            accepted: format.count(file.counts.accepted),
            events: format.count(file.counts.events),
          })}
        </span>
        {file.counts.rejected > 0 && (
          <span style={{ color: "var(--bad)" }}>
            {t("files.rejectedOf", { n: format.count(file.counts.rejected) })}
          </span>
        )}
        {file.consumed && <Cost file={file} />}
      </span>
    </Link>
  );
}
