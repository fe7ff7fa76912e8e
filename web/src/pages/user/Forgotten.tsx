import { useTranslation } from "react-i18next";
import { Card, Pairs } from "../../components/Parts";
import type { Schemas } from "../../core/api";
import { useView } from "../../core/view";

/** The receipt of a user who was forgotten. */
export function Forgotten({ receipt }: { receipt: Schemas["Receipt"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const pairs: [string, string][] = [
    [t("user.receipt"), receipt.id],
    [t("user.receiptAsked"), format.time(receipt.asked)],
    [t("user.receiptFinished"), receipt.finished ? format.time(receipt.finished) : t("user.receiptOpen")],
    [t("user.receiptIds"), format.count(receipt.ids)],
    [t("user.receiptAddresses"), format.count(receipt.addresses)],
    [t("user.receiptMessages"), format.count(receipt.messages)],
    [t("user.receiptEvents"), format.count(receipt.events)],
    [t("user.receiptHorizon"), format.time(receipt.horizon)],
  ];
  return (
    <Card title={t("user.forgotten")} lead={t("user.forgottenLead")}>
      <Pairs pairs={pairs} />
    </Card>
  );
}
