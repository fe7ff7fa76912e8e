import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { DiffView } from "../../components/DiffView";
import { Card } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { Answer, Empty } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import { Problems } from "./DraftEditor";
import { Previewed } from "./Previewed";

/** What a text changes against a version: by meaning, and line by line. */
export function Changes({ text, from, edited }: { text: string; from: string; edited: boolean }) {
  const { t } = useTranslation();
  const diff = useQuery({
    queryKey: ["strategy", "diff", from, text],
    queryFn: () => data(api.POST("/v1/strategy/diff", { body: { text, from } })),
    placeholderData: keepPreviousData,
    enabled: edited,
  });
  if (!edited) {
    return (
      <div className="card">
        <Empty title={t("strategy.noDraft")} text={t("strategy.noDraftText")} />
      </div>
    );
  }
  return (
    <Answer query={diff} rows={10}>
      {(found) => (
        <div className="grid">
          <Card title={t("strategy.meaning")} lead={found.same ? t("strategy.same") : t("strategy.meaningLead")}>
            {found.problems && found.problems.length > 0 ? (
              <Problems problems={found.problems} />
            ) : (
              <Meaning changes={found.changes} />
            )}
            <Previewed text={text} />
          </Card>
          <Card title={t("strategy.lines")}>
            <DiffView lines={found.lines} label={t("strategy.lines")} />
          </Card>
        </div>
      )}
    </Answer>
  );
}

export function Meaning({ changes, height }: { changes: Schemas["StrategyDiff"]["changes"]; height?: number }) {
  const { t } = useTranslation();
  if (changes.length === 0) return <p className="muted">{t("strategy.noChanges")}</p>;
  return (
    <Scroll label={t("strategy.meaning")} style={{ maxHeight: height }}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t("strategy.where")}</th>
            <th scope="col">{t("strategy.was")}</th>
            <th scope="col">{t("strategy.becomes")}</th>
          </tr>
        </thead>
        <tbody>
          {changes.map((change) => (
            <tr key={change.path}>
              <td className="mono break">{change.path}</td>
              <td className="mono break muted">{change.from ?? t("strategy.new")}</td>
              <td className="mono break">{change.to ?? t("strategy.gone")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
