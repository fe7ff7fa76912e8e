import { useTranslation } from "react-i18next";
import { useNames } from "../core/names";
import { Mark, type Tone } from "./Parts";

const tones: Record<string, Tone> = {
  active: "good",
  mature: "good",
  growing: "accent",
  first_purchase: "info",
  introduction: "info",
  silent: "warn",
  dormant: "warn",
  churned: "bad",
};

/** A stage in the words of the strategy. */
export function StageMark({ stage }: { stage: string }) {
  const { t } = useTranslation();
  const names = useNames();
  if (!stage) return <Mark>{t("stages.undecided")}</Mark>;
  return (
    <Mark tone={tones[stage] ?? "plain"} dot>
      {names.stage(stage)}
    </Mark>
  );
}
