import { useMutation, useQuery } from "@tanstack/react-query";
import { Checkbox, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Answer, Failure } from "../../components/States";
import { api, data } from "../../core/api";
import type { Job } from "../../core/jobs";
import { useView } from "../../core/view";
import { previewOf } from "../whatif/proposal";
import { Meaning } from "./Changes";
import { Previewed } from "./Previewed";

/** Asks before a strategy is put in force, and says whom it may message. */
export function PublishDialog({
  text,
  from,
  current,
  onClose,
  onStart,
}: {
  text: string;
  from: string;
  current: string;
  onClose: () => void;
  onStart: (job: Job) => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const [note, setNote] = useState("");
  const [existing, setExisting] = useState(false);
  const diff = useQuery({
    queryKey: ["strategy", "diff", current, text],
    queryFn: () => data(api.POST("/v1/strategy/diff", { body: { text, from: current } })),
  });
  const publish = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/strategy/publish", {
          body: { text, note, from, include_existing: existing, preview: previewOf(text, from) },
        }),
      ),
    onSuccess: (job) => {
      onStart(job);
      onClose();
    },
  });
  const reach = diff.data?.reach ?? [];
  const most = reach.reduce((sum, rule) => sum + rule.users, 0);
  return (
    <Modal
      open
      width={720}
      title={t("publish.title")}
      okText={existing ? t("publish.okExisting") : t("publish.ok")}
      okButtonProps={{ loading: publish.isPending, danger: existing, disabled: diff.isPending }}
      onOk={() => publish.mutate()}
      onCancel={onClose}
    >
      <div style={{ display: "grid", gap: 16 }}>
        <Answer query={diff} rows={4}>
          {(found) => <Meaning changes={found.changes} height={260} />}
        </Answer>
        <Previewed text={text} />
        <div className={`banner ${existing ? "bad" : ""}`} role="status" style={{ margin: 0 }}>
          <span className="grow">
            {existing ? t("publish.existingOn", { count: most, n: format.count(most) }) : t("publish.existingOff")}
          </span>
        </div>
        {reach.length > 0 && (
          <div>
            <p className="muted">{t("publish.reach")}</p>
            <ul className="marks">
              {reach.map((rule) => (
                <li key={rule.rule} className="mark">
                  {rule.rule} <strong className="num">{format.count(rule.users)}</strong>
                </li>
              ))}
            </ul>
          </div>
        )}
        <Checkbox checked={existing} onChange={(event) => setExisting(event.target.checked)}>
          {t("publish.includeExisting")}
        </Checkbox>
        <Input
          placeholder={t("publish.note")}
          aria-label={t("publish.note")}
          maxLength={1000}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        {publish.error && <Failure error={publish.error} />}
      </div>
    </Modal>
  );
}
