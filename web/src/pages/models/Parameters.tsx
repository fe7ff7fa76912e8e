import { useTranslation } from "react-i18next";
import { useKnown } from "../../components/known";
import { Card, Mark, Pairs } from "../../components/Parts";
import { Table } from "../../components/Table";
import type { Schemas } from "../../core/api";
import { minorDigits, NONE } from "../../core/format";
import { useView } from "../../core/view";
import { derive, scoring } from "./derived";

/** The parameters of a fit with their standard errors, and what they come to in words. */
export function Parameters({ fit, wide }: { fit: Schemas["ModelFit"]; wide?: boolean }) {
  const { t } = useTranslation();
  const { format, currency } = useView();
  const known = useKnown();
  const used = scoring(fit);
  const { rate, dropout, departures, value } = derive(used);
  const words: [string, string][] = [];
  if (rate !== undefined && rate > 0)
    words.push([t("models.rate"), t("models.everyWeeks", { n: format.decimal(1 / rate, 1) })]);
  if (dropout !== undefined) words.push([t("models.dropout"), format.percent(dropout)]);
  if (departures !== undefined) words.push([t("models.departures"), format.decimal(departures, 2)]);
  if (value !== undefined)
    words.push([t("models.value"), format.money(Math.round(value * 10 ** minorDigits(currency)), currency)]);
  if (fit.correlation !== undefined) words.push([t("models.correlation"), format.decimal(fit.correlation, 2)]);
  words.push([t("models.loglik"), format.decimal(used.loglik, 1)]);
  words.push([t("models.method"), t("models.rows", { rows: format.count(used.rows), method: used.method })]);
  return (
    <Card
      className={wide ? undefined : "five"}
      title={known.model(used.model)}
      lead={t(`models.kindHint.${used.model}` as never)}
      tools={!fit.identified && <Mark tone="warn">{t("models.instead", { model: known.model(fit.model) })}</Mark>}
    >
      <div className={wide ? "split wide" : "split"}>
        <Table
          label={t("models.parameters")}
          rows={used.params}
          keyOf={(one) => one.name}
          columns={[
            {
              name: t("models.parameter"),
              cell: (one) => (
                <>
                  <span className="mono">{known.symbol(one.name)}</span>
                  <small className="muted block">{known.param(one.name)}</small>
                </>
              ),
            },
            { name: t("models.estimate"), right: true, cell: (one) => format.significant(one.value) },
            {
              name: t("models.stderr"),
              right: true,
              cell: (one) => (one.stderr === undefined ? NONE : `± ${format.significant(one.stderr, 2)}`),
            },
          ]}
        />
        <div className="after">
          <Pairs pairs={words} />
        </div>
      </div>
    </Card>
  );
}
