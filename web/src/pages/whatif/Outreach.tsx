import { memo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Card } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { minorDigits } from "../../core/format";
import { useView } from "../../core/view";
import type { Report } from "../../core/whatif/report";
import type { Settings } from "../../core/whatif/settings";
import { NumberBox } from "./Slider";

const PRICES = "weir.prices";

/** Prices of a message by channel, in major units: a person's own, kept in this browser. */
function usePrices(): [Record<string, number>, (channel: string, price: number) => void] {
  const [prices, setPrices] = useState<Record<string, number>>(() => {
    try {
      return JSON.parse(localStorage.getItem(PRICES) ?? "{}") as Record<string, number>;
    } catch {
      return {};
    }
  });
  const set = (channel: string, price: number) => {
    const next = { ...prices, [channel]: Math.max(0, price) };
    setPrices(next);
    try {
      localStorage.setItem(PRICES, JSON.stringify(next));
    } catch {
      // Prices then last as long as the page.
    }
  };
  return [prices, set];
}

/** Whom the rules would reach, what that costs, and how long the daily ceiling lets it take. */
export const Outreach = memo(function Outreach({
  report,
  settings,
  currency,
  weight,
}: {
  report: Report;
  settings: Settings;
  currency: string;
  weight: number;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const [prices, setPrice] = usePrices();
  const { rules, daily_ceiling: ceiling } = settings.outreach;
  const lines = rules.map((rule) => {
    const found = report.rules.find(({ name }) => name === rule.name);
    const live = (n: number | undefined) => (rule.shadow ? 0 : Math.round((n ?? 0) * weight));
    return { rule, entering: live(found?.enter.users), existing: live(found?.existing.users) };
  });
  const channels = [...new Set(rules.map(({ channel }) => channel))].map((channel) => {
    const of = lines.filter(({ rule }) => rule.channel === channel);
    const sum = (pick: (line: (typeof lines)[number]) => number) => of.reduce((n, line) => n + pick(line), 0);
    return { channel, entering: sum((line) => line.entering), existing: sum((line) => line.existing) };
  });
  const all = channels.reduce((sum, one) => sum + one.existing, 0);
  const cost = (messages: number, channel: string) =>
    format.money(Math.round(messages * (prices[channel] ?? 0) * 10 ** minorDigits(currency)), currency);
  return (
    <Card title={t("whatif.messages")} lead={t("whatif.messagesLead")}>
      <Scroll label={t("whatif.messages")}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t("whatif.rule")}</th>
              <th scope="col">{t("whatif.channel")}</th>
              <th scope="col" className="right">
                {t("whatif.entering")}
              </th>
              <th scope="col" className="right">
                {t("whatif.existing")}
              </th>
              <th scope="col" className="right">
                {t("whatif.cost")}
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map(({ rule, entering, existing }) => (
              <tr key={rule.name}>
                <th scope="row">
                  {rule.name} {rule.shadow && <span className="mark tone-plain">{t("whatif.shadow")}</span>}
                </th>
                <td className="muted">{rule.channel}</td>
                <td className="right num">{format.count(entering)}</td>
                <td className="right num">{format.count(existing)}</td>
                <td className="right num">{cost(existing, rule.channel)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            {channels.map(({ channel, entering, existing }) => (
              <tr key={channel}>
                <th scope="row">{t("whatif.together")}</th>
                <td>
                  <span className="price">
                    {channel}
                    <NumberBox
                      label={t("whatif.price", { channel, currency })}
                      value={prices[channel] ?? 0}
                      unit="plain"
                      whole={false}
                      onChange={(price) => setPrice(channel, price)}
                    />
                    <span className="muted">{t("whatif.each", { currency })}</span>
                  </span>
                </td>
                <td className="right num">{format.count(entering)}</td>
                <td className="right num">{format.count(existing)}</td>
                <td className="right num">{cost(existing, channel)}</td>
              </tr>
            ))}
          </tfoot>
        </table>
      </Scroll>
      <p className="muted note">
        {ceiling === 0
          ? t("whatif.ceilingNone")
          : all > ceiling
            ? t("whatif.ceilingDays", { n: format.count(ceiling), count: Math.ceil(all / ceiling) })
            : t("whatif.ceilingFits", { n: format.count(ceiling) })}
      </p>
    </Card>
  );
});
