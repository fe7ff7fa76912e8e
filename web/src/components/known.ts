import { useTranslation } from "react-i18next";
import { readLimit } from "./limits";

/** Words for codes that the server sends. One that the console does not know is shown as it is. */
export interface Known {
  phase(code: string): string;
  reason(code: string): string;
  rfm(code: string): string;
  /** A score's name; of a tag or a segment with the tag's or the segment's own. */
  score(code: string): string;
  part(code: string): string;
  baseline(code: string): string;
  /** A model by the name that papers give it. */
  model(code: string): string;
  /** A parameter as papers write it, and what it says. */
  symbol(code: string): string;
  param(code: string): string;
  churnFeature(code: string): string;
  /** Why a message was not sent: the server gives a code, a colon and a sentence. */
  why(said: string): string;
}

type Group = Exclude<keyof Known, "why">;

export function useKnown(): Known {
  const { t, i18n } = useTranslation();
  const word = (group: Group) => (code: string) =>
    code && i18n.exists(`${group}.${code}`) ? (t(`${group}.${code}` as never) as string) : code;
  const why = (said: string): string => {
    const limit = readLimit(said);
    if (limit) {
      const text = t(`limit.${limit.key}` as never, limit.values) as string;
      return limit.last ? `${text} ${why(limit.last)}` : text;
    }
    const code = said.slice(0, Math.max(0, said.indexOf(":")));
    return code && i18n.exists(`why.${code}`) ? (t(`why.${code}` as never) as string) : said;
  };
  return {
    why,
    score: (code) => {
      const [kind = "", ...rest] = code.split(":");
      return rest.length > 0 ? `${word("score")(kind)} ${rest.join(":")}` : word("score")(code);
    },
    phase: word("phase"),
    reason: word("reason"),
    rfm: word("rfm"),
    part: word("part"),
    baseline: word("baseline"),
    model: word("model"),
    symbol: word("symbol"),
    param: word("param"),
    churnFeature: word("churnFeature"),
  };
}
