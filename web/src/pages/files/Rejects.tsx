import { DownloadOutlined } from "@ant-design/icons";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { Bars } from "../../charts/Bars";
import { useKnown } from "../../components/known";
import { Pager } from "../../components/Pager";
import { Card, Mark } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { Answer, Empty } from "../../components/States";
import { api, data, download, type Schemas } from "../../core/api";
import { usePages } from "../../core/hooks";
import { toProblem } from "../../core/problem";
import { useAddress, useView } from "../../core/view";

/** The lines of a file that were refused: by reason, one by one, to download, and to try again. */
export function Rejects({ file }: { file: Schemas["File"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const known = useKnown();
  const address = useAddress();
  const pages = usePages(file.id);
  const rejects = useQuery({
    queryKey: ["files", file.id, "rejects", pages.after, file.status, file.counts.rejected],
    queryFn: () =>
      data(
        api.GET("/v1/files/{id}/rejects", {
          params: { path: { id: file.id }, query: { after: pages.after, limit: 50 } },
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const waiting = rejects.data?.reasons.reduce((sum, reason) => sum + reason.count, 0) ?? 0;
  return (
    <Card
      title={t("rejects.title")}
      lead={t("rejects.lead")}
      tools={(rejects.data?.rejects.length ?? 0) > 0 && <Tools file={file} waiting={waiting} />}
    >
      <Answer query={rejects} rows={4}>
        {(page) =>
          page.rejects.length === 0 && pages.page === 1 ? (
            <Empty title={t("rejects.none")} text={file.status === "done" ? t("rejects.noneText") : undefined} />
          ) : (
            <>
              {page.reasons.length > 0 && (
                <Bars
                  label={t("rejects.byReason")}
                  bars={page.reasons.map((reason) => ({
                    key: reason.reason,
                    name: known.reason(reason.reason),
                    share: waiting > 0 ? reason.count / waiting : 0,
                    value: format.count(reason.count),
                    color: "var(--bad)",
                  }))}
                />
              )}
              {page.reasons.some((reason) => reason.reason === "plan_violation") && (
                <p>
                  <Link to={address("/events")}>{t("rejects.toEvents")}</Link>
                </p>
              )}
              <RejectTable rejects={page.rejects} />
              <Pager {...pages} next={page.next} />
            </>
          )
        }
      </Answer>
    </Card>
  );
}

function Tools({ file, waiting }: { file: Schemas["File"]; waiting: number }) {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const address = useAddress();
  const chooser = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const path = `/v1/files/${encodeURIComponent(file.id)}/rejects?format=ndjson`;
  const redrive = useMutation({
    mutationFn: (mapping: string | undefined) =>
      data(api.POST("/v1/files/{id}/redrive", { params: { path: { id: file.id } }, body: { mapping } })),
    onSuccess: async (made) => {
      message.success(t("rejects.redriven"));
      await queries.invalidateQueries({ queryKey: ["files"] });
      navigate(address(`/files/${encodeURIComponent(made.id)}`));
    },
    onError: (error) => {
      const problem = toProblem(error);
      message.error([problem.message, problem.hint].filter(Boolean).join(" "));
    },
  });
  const ask = () =>
    modal.confirm({
      title: t("rejects.redriveTitle", { count: waiting }),
      content: t("rejects.redriveText"),
      okText: t("rejects.redrive"),
      cancelText: t("common.cancel"),
      onOk: () => redrive.mutateAsync(undefined).catch(() => undefined),
    });
  return (
    <span className="page-tools">
      <Button
        icon={<DownloadOutlined aria-hidden="true" />}
        loading={busy}
        onClick={async () => {
          setBusy(true);
          await download(path, `${file.name || file.id}.rejects.ndjson`).catch((error) =>
            message.error(toProblem(error).message || t("error.unreachable")),
          );
          setBusy(false);
        }}
      >
        {t("rejects.download")}
      </Button>
      {waiting > 0 && (
        <>
          {file.mapping && (
            <>
              <input
                ref={chooser}
                type="file"
                accept=".yaml,.yml"
                hidden
                data-testid="redrive-mapping"
                onChange={async (event) => {
                  const chosen = event.target.files?.[0];
                  event.target.value = "";
                  if (chosen) redrive.mutate(await chosen.text());
                }}
              />
              <Button onClick={() => chooser.current?.click()} disabled={redrive.isPending}>
                {t("rejects.redriveWith")}
              </Button>
            </>
          )}
          <Button type="primary" onClick={ask} loading={redrive.isPending}>
            {t("rejects.redrive")}
          </Button>
        </>
      )}
    </span>
  );
}

function RejectTable({ rejects }: { rejects: Schemas["Reject"][] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const known = useKnown();
  return (
    <Scroll label={t("rejects.title")} style={{ marginTop: 14 }}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col" className="right">
              {t("rejects.line")}
            </th>
            <th scope="col">{t("rejects.reason")}</th>
            <th scope="col">{t("rejects.text")}</th>
          </tr>
        </thead>
        <tbody>
          {rejects.map((reject) => (
            <tr key={`${reject.line} ${reject.reason}`}>
              <td className="right num">{format.count(reject.line)}</td>
              <td style={{ minWidth: 180 }}>
                <strong>{known.reason(reject.reason)}</strong>
                <div className="muted">{reject.message}</div>
                {reject.redriven_by && <Mark tone="info">{t("rejects.wasRedriven")}</Mark>}
              </td>
              <td className="mono break" style={{ minWidth: 240 }}>
                {reject.text.length > 400 ? `${reject.text.slice(0, 400)}…` : reject.text}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
