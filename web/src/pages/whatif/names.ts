import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useKnown } from "../../components/known";
import type { Schemas } from "../../core/api";
import { usePrefs } from "../../core/prefs";
import type { Settings } from "../../core/whatif/settings";
import type { Source } from "../../core/whatif/source";

/** What a report tells apart. */
export const groups = ["stage", "rfm", "tier", "segments", "tags", "rfmCN"] as const;
export type GroupName = (typeof groups)[number];

/** The words for the names of a report, out of the strategy itself: nothing is asked of the server. */
export function useWords(settings: Settings): (group: GroupName | "churn", name: string) => string {
  const { t } = useTranslation();
  const { language } = usePrefs();
  const known = useKnown();
  return useMemo(() => {
    const word = (list: readonly { name: string; zh: string; en: string }[]) => {
      const by = new Map(list.map((one) => [one.name, language === "zh-CN" ? one.zh : one.en]));
      return (name: string) => by.get(name) || name;
    };
    const stage = word(settings.lifecycle.stages);
    const tier = word(settings.tiers);
    const segment = word(settings.segments);
    const tag = word(settings.tags);
    return (group, name) => {
      if (group === "churn") return t("whatif.warned");
      if (!name) return group === "stage" ? t("stages.undecided") : t("whatif.nobody");
      if (group === "stage") return stage(name);
      if (group === "tier") return tier(name);
      if (group === "segments") return segment(name);
      if (group === "tags") return tag(name);
      return known.rfm(name);
    };
  }, [settings, language, known, t]);
}

/** What conditions may be written with over a snapshot: its columns and the strategy's names. */
export function schemaOf({ snapshot, settings, plan }: Source): Schemas["ConditionSchema"] {
  const names: Schemas["ConditionName"][] = [];
  for (const { ref, kind, values } of snapshot.columns) {
    if (ref.startsWith("~")) continue;
    const type = kind === "bits" ? "bool" : kind === "dictionary" ? "text" : /day|time/.test(kind) ? "time" : "number";
    const texts = values?.filter((value) => /^".*"$/.test(value)).map((value) => value.slice(1, -1));
    names.push({
      text: ref,
      kind: ref.startsWith("metrics.") ? "metric" : ref.startsWith("traits.") ? "trait" : "field",
      type,
      ...(texts?.length ? { values: texts } : {}),
    });
  }
  const texts = (text: string, values: string[]) => names.push({ text, kind: "field", type: "text", values });
  texts(
    "stage",
    settings.lifecycle.stages.map(({ name }) => name),
  );
  texts("tier", plan.tiers);
  texts("rfm", plan.rfm);
  texts("rfm_cn", plan.rfmCN);
  if (settings.engagement?.length) names.push({ text: "engagement", kind: "field", type: "number" });
  for (const text of ["r", "f", "m", "silence_days", "stage_days", "tenure_days", "average_order", "last_purchase"])
    if (!names.some((one) => one.text === text)) names.push({ text, kind: "field", type: "number" });
  for (const { name } of [...settings.tags, ...plan.eventTags.map((tag) => ({ name: tag }))])
    names.push({ text: `tags.has("${name}")`, kind: "tag", type: "bool" });
  for (const { name } of settings.segments)
    names.push({ text: `segments.has("${name}")`, kind: "segment", type: "bool" });
  names.push({ text: "days_since()", kind: "function", type: "number" });
  return { strategy_version: snapshot.strategy_version, names, operators: [] };
}
