import { useTranslation } from "react-i18next";
import type { Schemas } from "../core/api";
import { useLabel } from "./Parts";

/** What a person should know before relying on a result, in the page's language. */
export function Warnings({ list }: { list: readonly Schemas["Warning"][] }) {
  const { t } = useTranslation();
  const label = useLabel();
  if (list.length === 0) return null;
  return (
    <ul className="warnings" aria-label={t("models.warnings")}>
      {list.map((warning) => (
        <li key={warning.code} className="banner warn">
          {label(warning.code, warning.text)}
        </li>
      ))}
    </ul>
  );
}
