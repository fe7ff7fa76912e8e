import { useMutation } from "@tanstack/react-query";
import { Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Mark, Pairs } from "../../components/Parts";
import { Failure } from "../../components/States";
import { api, data } from "../../core/api";
import type { Job } from "../../core/jobs";

/** Asks before models are put in force, or taken out of it, and says that nobody is messaged because of it. */
export function PublishDialog({
  version,
  from,
  onClose,
  onStart,
}: {
  version: string;
  from: string;
  onClose: () => void;
  onStart: (job: Job) => void;
}) {
  const { t } = useTranslation();
  const [note, setNote] = useState("");
  const publish = useMutation({
    mutationFn: () => data(api.POST("/v1/models/publish", { body: { version, from, note: note || undefined } })),
    onSuccess: (job) => {
      onStart(job);
      onClose();
    },
  });
  const name = (one: string) =>
    one ? (
      <Mark tone="accent">
        <span className="mono">{one}</span>
      </Mark>
    ) : (
      t("models.without")
    );
  return (
    <Modal
      open
      title={version ? t("models.publishTitle") : t("models.withdrawTitle")}
      okText={version ? t("publish.ok") : t("models.withdraw")}
      okButtonProps={{ loading: publish.isPending }}
      onOk={() => publish.mutate()}
      onCancel={onClose}
    >
      <div className="form">
        <Pairs
          pairs={[
            [t("strategy.was"), name(from)],
            [t("strategy.becomes"), name(version)],
          ]}
        />
        <div className="banner" role="status" style={{ margin: 0 }}>
          <span className="grow">{version ? t("models.publishText") : t("models.withdrawText")}</span>
        </div>
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
