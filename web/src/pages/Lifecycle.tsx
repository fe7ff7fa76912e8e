import { useTranslation } from "react-i18next";
import { AsOf } from "../components/AsOf";
import { PageHead } from "../components/Parts";
import { Moves } from "./lifecycle/Moves";
import { ReturnRate } from "./lifecycle/ReturnRate";

/** How users move between the stages, and how long a silence is a goodbye. */
export default function Lifecycle() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t("lifecycle.title")} lead={t("lifecycle.lead")}>
        <AsOf />
      </PageHead>
      <div className="grid">
        <Moves />
        <ReturnRate />
      </div>
    </>
  );
}
