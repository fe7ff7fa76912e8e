import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { getPrefs, type Language } from "../core/prefs";
import type en from "./en";

/** The texts of the console. English sets the keys; the other languages have exactly these. */
export type Texts = typeof en;

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: Texts };
    returnNull: false;
  }
}

const loaders: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import("./en"),
  "zh-CN": () => import("./zh-CN"),
};

/** Loads a language, if it is not there yet, and speaks it. */
export async function speak(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    const { default: texts } = await loaders[language]();
    i18next.addResourceBundle(language, "translation", texts);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export async function startTexts(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: getPrefs().language,
    resources: {},
    interpolation: { escapeValue: false },
  });
  await speak(getPrefs().language);
}
