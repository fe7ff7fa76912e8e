import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useMemo } from "react";
import { useLocation, useSearchParams } from "react-router";
import { api, data, type Schemas } from "./api";
import { type Format, makeFormat } from "./format";
import { usePrefs } from "./prefs";
import { useEnded } from "./session";
import { endOfDay } from "./time";

/** What the whole console shares: the program's status, the formats, and the moment that is looked at. */
interface View {
  status: Schemas["Status"] | undefined;
  statusError: unknown;
  format: Format;
  zone: string;
  currency: string;
}

const ViewContext = createContext<View | null>(null);

export function ViewProvider({ children }: { children: ReactNode }) {
  const { language } = usePrefs();
  const quiet = useQuiet();
  const ended = useEnded();
  const { data: status, error } = useQuery({
    queryKey: ["status"],
    queryFn: () => data(api.GET("/v1/status")),
    refetchInterval: (query) => (quiet ? false : query.state.data?.import || query.state.error ? 1500 : 10_000),
    placeholderData: keepPreviousData,
    enabled: !ended,
  });
  const zone = status?.zone ?? "UTC";
  const currency = status?.currency ?? "USD";
  const view = useMemo<View>(
    () => ({ status, statusError: error, zone, currency, format: makeFormat(language, zone) }),
    [status, error, zone, currency, language],
  );
  return <ViewContext value={view}>{children}</ViewContext>;
}

/** Whether the page asks the server for nothing by itself: a what-if is computed in the browser alone. */
export function useQuiet(): boolean {
  return useLocation().pathname === "/whatif";
}

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error("useView outside of ViewProvider");
  return view;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The chosen day of the view, kept in the address so that a link shows the same; asOf is what the API is asked for. */
export function useAsOf(): { day: string; asOf: string | undefined; setDay: (day: string) => void } {
  const [params, setParams] = useSearchParams();
  const { zone } = useView();
  const stated = params.get("as_of") ?? "";
  const day = DAY.test(stated) ? stated : "";
  const setDay = useCallback(
    (next: string) =>
      setParams((old) => {
        const fresh = new URLSearchParams(old);
        if (next) fresh.set("as_of", next);
        else fresh.delete("as_of");
        fresh.delete("after");
        return fresh;
      }),
    [setParams],
  );
  return { day, asOf: day ? endOfDay(day, zone) : undefined, setDay };
}

/** Makes an address inside the console that keeps the chosen day. */
export function useAddress(): (path: string, query?: Record<string, string>) => string {
  const { search } = useLocation();
  return useCallback(
    (path, query = {}) => {
      const params = new URLSearchParams(query);
      const day = new URLSearchParams(search).get("as_of");
      if (day && DAY.test(day) && !params.has("as_of")) params.set("as_of", day);
      const text = params.toString();
      return text ? `${path}?${text}` : path;
    },
    [search],
  );
}
