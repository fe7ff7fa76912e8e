import { useTranslation } from "react-i18next";
import type { Schemas } from "../core/api";

/** What a person should know before relying on a result, in the page's language. */
export function Warnings({ list }: { list: readonly Schemas["Warning"][] }) {
  const { t, i18n } = useTranslation();
  if (list.length === 0) return null;
  return (
    <ul className="warnings" aria-label={t("models.warnings")}>
      {list.map((warning) => (
        <li key={warning.code} className="banner warn">
          {i18n.language === "zh-CN" ? warning.text.zh : warning.text.en}
        </li>
      ))}
    </ul>
  );
}
