import { useMutation } from "@tanstack/react-query";
import { DatePicker, Input, Modal, Select } from "antd";
import dayjs from "dayjs";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useKnown } from "../../components/known";
import { Failure } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import type { Job } from "../../core/jobs";
import { endOfDay } from "../../core/time";
import { useView } from "../../core/view";

type Kind = NonNullable<Schemas["FitRequest"]["kind"]>;

const kinds: readonly Kind[] = ["mbgnbd", "bgnbd", "paretonbd", "nbd"];

/** Asks how to fit, and begins. */
export function FitDialog({ onClose, onStart }: { onClose: () => void; onStart: (job: Job) => void }) {
  const { t } = useTranslation();
  const { zone } = useView();
  const known = useKnown();
  const [kind, setKind] = useState<Kind>("mbgnbd");
  const [end, setEnd] = useState("");
  const [note, setNote] = useState("");
  const ids = { kind: useId(), end: useId(), note: useId() };
  const fit = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/models/fit", {
          body: { kind, note: note || undefined, calibration_end: end ? endOfDay(end, zone) : undefined },
        }),
      ),
    onSuccess: (job) => {
      onStart(job);
      onClose();
    },
  });
  return (
    <Modal
      open
      title={t("models.fitTitle")}
      okText={t("models.fitOk")}
      okButtonProps={{ loading: fit.isPending }}
      onOk={() => fit.mutate()}
      onCancel={onClose}
    >
      <div className="form">
        <p className="muted">{t("models.fitText")}</p>
        <div className="field">
          <label htmlFor={ids.kind}>{t("models.kind")}</label>
          <Select
            id={ids.kind}
            value={kind}
            onChange={setKind}
            options={kinds.map((value) => ({ value, label: known.model(value) }))}
          />
          <small className="muted">{t(`models.kindHint.${kind}`)}</small>
        </div>
        <div className="field">
          <label htmlFor={ids.end}>{t("models.end")}</label>
          <DatePicker
            id={ids.end}
            value={end ? dayjs(end) : null}
            onChange={(value) => setEnd(value ? value.format("YYYY-MM-DD") : "")}
          />
          <small className="muted">{t("models.endHint")}</small>
        </div>
        <div className="field">
          <label htmlFor={ids.note}>{t("publish.note")}</label>
          <Input id={ids.note} maxLength={1000} value={note} onChange={(event) => setNote(event.target.value)} />
        </div>
        {fit.error && <Failure error={fit.error} />}
      </div>
    </Modal>
  );
}
