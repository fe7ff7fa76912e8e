import { useTranslation } from "react-i18next";
import { AsOf } from "../components/AsOf";
import { PageHead } from "../components/Parts";
import { Aha } from "./retention/Aha";
import { Cohorts } from "./retention/Cohorts";
import { Days } from "./retention/Days";

/** Who comes back: cohorts in a triangle, by days since a purchase, and what staying goes along with. */
export default function Retention() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t("retention.title")} lead={t("retention.lead")}>
        <AsOf />
      </PageHead>
      <div className="grid">
        <Cohorts />
        <Days />
        <Aha />
      </div>
    </>
  );
}
