import { useTranslation } from "react-i18next";

/** Words for codes that the server sends. One that the console does not know is shown as it is. */
export interface Known {
  phase(code: string): string;
  reason(code: string): string;
  rfm(code: string): string;
  score(code: string): string;
}

type Group = keyof Known;

export function useKnown(): Known {
  const { t, i18n } = useTranslation();
  const word = (group: Group) => (code: string) =>
    code && i18n.exists(`${group}.${code}`) ? (t(`${group}.${code}` as never) as string) : code;
  return { phase: word("phase"), reason: word("reason"), rfm: word("rfm"), score: word("score") };
}
