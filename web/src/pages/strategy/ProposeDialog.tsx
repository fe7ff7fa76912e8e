import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Checkbox, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/States";
import { api, data } from "../../core/api";
import { previewOf } from "../whatif/proposal";

/** What a proposal says beside its text. */
export function ProposalFields({
  title,
  note,
  onTitle,
  onNote,
}: {
  title: string;
  note: string;
  onTitle: (title: string) => void;
  onNote: (note: string) => void;
}) {
  const { t } = useTranslation();
  return (
    <>
      <Input
        placeholder={t("proposal.titleHint")}
        aria-label={t("proposal.titleHint")}
        maxLength={60}
        value={title}
        onChange={(event) => onTitle(event.target.value)}
      />
      <Input.TextArea
        rows={3}
        placeholder={t("proposal.noteHint")}
        aria-label={t("proposal.noteHint")}
        maxLength={1000}
        value={note}
        onChange={(event) => onNote(event.target.value)}
      />
    </>
  );
}

/** Asks what a draft is about and stores it as a proposal. */
export function ProposeDialog({
  text,
  from,
  replaces,
  onClose,
  onProposed,
}: {
  text: string;
  from: string;
  replaces: number;
  onClose: () => void;
  onProposed: (number: number) => void;
}) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [title, setTitle] = useState("");
  const [note, setNote] = useState("");
  const [existing, setExisting] = useState(false);
  const propose = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/strategy/proposals", {
          body: {
            text,
            title,
            note,
            from,
            include_existing: existing,
            ...(replaces > 0 && { replaces }),
            preview: previewOf(text, from),
          },
        }),
      ),
    onSuccess: ({ proposal }) => {
      void queries.invalidateQueries({ queryKey: ["strategy", "proposals"] });
      void queries.invalidateQueries({ queryKey: ["jobs"] });
      onProposed(proposal.number);
    },
  });
  return (
    <Modal
      open
      title={t("proposal.dialog")}
      okText={t("proposal.propose")}
      okButtonProps={{ loading: propose.isPending }}
      onOk={() => propose.mutate()}
      onCancel={onClose}
    >
      <div style={{ display: "grid", gap: 16 }}>
        <p className="muted">{replaces > 0 ? t("proposal.inPlace", { n: replaces }) : t("proposal.dialogText")}</p>
        <ProposalFields title={title} note={note} onTitle={setTitle} onNote={setNote} />
        <Checkbox checked={existing} onChange={(event) => setExisting(event.target.checked)}>
          {t("publish.includeExisting")}
        </Checkbox>
        {propose.error && <Failure error={propose.error} />}
      </div>
    </Modal>
  );
}
