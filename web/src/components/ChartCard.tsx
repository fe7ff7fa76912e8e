import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Choice } from "./Controls";
import { Card } from "./Parts";

/** A chart, or the figures that it shows as a table. */
export function ChartCard({
  title,
  lead,
  tools,
  className,
  chart,
  table,
  after,
}: {
  title: string;
  lead?: ReactNode;
  tools?: ReactNode;
  className?: string;
  chart: ReactNode;
  table: ReactNode;
  after?: ReactNode;
}) {
  const { t } = useTranslation();
  const [view, setView] = useState<"chart" | "table">("chart");
  return (
    <Card
      title={title}
      lead={lead}
      className={className}
      tools={
        <div className="page-tools">
          {tools}
          <Choice
            label={`${title}: ${t("common.showAs")}`}
            value={view}
            onChange={setView}
            options={[
              { value: "chart", label: t("common.chart") },
              { value: "table", label: t("common.table") },
            ]}
          />
        </div>
      }
    >
      {view === "chart" ? chart : table}
      {after}
    </Card>
  );
}
