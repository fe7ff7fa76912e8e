import { DesktopOutlined, MoonOutlined, SunOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { setPrefs, type Theme, usePrefs } from "../core/prefs";

const next: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const icon = { system: <DesktopOutlined />, light: <SunOutlined />, dark: <MoonOutlined /> };

/** Goes round: as the system, light, dark. */
export function ThemeSwitch() {
  const { t } = useTranslation();
  const { theme } = usePrefs();
  return (
    <button
      type="button"
      className="ghost"
      onClick={() => setPrefs({ theme: next[theme] })}
      aria-label={t("theme.switch", { now: t(`theme.name.${theme}`), next: t(`theme.name.${next[theme]}`) })}
    >
      <span aria-hidden="true">{icon[theme]}</span>
      <span aria-hidden="true">{t(`theme.name.${theme}`)}</span>
    </button>
  );
}

/** Offers the other language, in its own words. */
export function LanguageSwitch() {
  const { language } = usePrefs();
  const other = language === "en" ? "zh-CN" : "en";
  return (
    <button type="button" className="ghost" lang={other} onClick={() => setPrefs({ language: other })}>
      {other === "en" ? "English" : "中文"}
    </button>
  );
}
