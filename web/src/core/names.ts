import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, data, type Schemas } from "./api";
import { usePrefs } from "./prefs";
import { useView } from "./view";

const none: never[] = [];

/** The base as the overview gives it by default; it carries the names and labels of the strategy in force. */
function useBase(): Schemas["Overview"] | undefined {
  const { status } = useView();
  const { data: base } = useQuery({
    queryKey: ["overview", undefined, "week", status?.as_of, status?.strategy_version, status?.users],
    queryFn: () => data(api.GET("/v1/overview", { params: { query: { period: "week" } } })),
    enabled: status !== undefined,
    staleTime: 60_000,
  });
  return base;
}

export function useStages(): readonly Schemas["Group"][] {
  return useBase()?.stages ?? none;
}

export function useTiers(): readonly Schemas["Group"][] {
  return useBase()?.tiers ?? none;
}

export function useRfmNames(): readonly Schemas["Group"][] {
  return useBase()?.rfm_names ?? none;
}

export function useSegments(): readonly Schemas["Group"][] {
  return useBase()?.segments ?? none;
}

/** The words for a name out of the strategy, in the console's language; a name without a label is shown as it is. */
export interface Names {
  stage(name: string): string;
  tier(name: string): string;
  segment(name: string): string;
}

export function useNames(): Names {
  const base = useBase();
  const { language } = usePrefs();
  return useMemo(() => {
    const words = (groups: readonly Schemas["Group"][] = none) => {
      const by = new Map(groups.map((group) => [group.name, language === "zh-CN" ? group.label?.zh : group.label?.en]));
      return (name: string) => by.get(name) || name;
    };
    return { stage: words(base?.stages), tier: words(base?.tiers), segment: words(base?.segments) };
  }, [base, language]);
}
