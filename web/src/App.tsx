import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { App as AntApp, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import dayjs from "dayjs";
import "dayjs/locale/zh-cn";
import { lazy, Suspense, useEffect, useMemo, useSyncExternalStore } from "react";
import { BrowserRouter, Route, Routes } from "react-router";
import { Frame } from "./components/Frame";
import { Loading, NotFound } from "./components/States";
import { useDark, usePrefs } from "./core/prefs";
import { toProblem } from "./core/problem";
import { ViewProvider } from "./core/view";
import { speak } from "./i18n";
import { themeOf } from "./theme";

const Overview = lazy(() => import("./pages/Overview"));
const Users = lazy(() => import("./pages/Users"));
const User = lazy(() => import("./pages/User"));
const Files = lazy(() => import("./pages/Files"));
const FileDetail = lazy(() => import("./pages/FileDetail"));
const Outbox = lazy(() => import("./pages/Outbox"));
const Strategy = lazy(() => import("./pages/Strategy"));

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: false,
      retry: (times, error) => times < 2 && toProblem(error).passing,
      retryDelay: 800,
    },
  },
});

const calm = "(prefers-reduced-motion: reduce)";
const watchCalm = (listener: () => void) => {
  const query = window.matchMedia(calm);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
};

export function App() {
  const { language } = usePrefs();
  const dark = useDark();
  const still = useSyncExternalStore(watchCalm, () => window.matchMedia(calm).matches);
  const theme = useMemo(() => themeOf(dark, still), [dark, still]);
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }, [dark]);
  useEffect(() => {
    dayjs.locale(language === "zh-CN" ? "zh-cn" : "en");
    void speak(language);
  }, [language]);
  return (
    <ConfigProvider theme={theme} locale={language === "zh-CN" ? zhCN : enUS}>
      <AntApp>
        <QueryClientProvider client={client}>
          <BrowserRouter>
            <ViewProvider>
              <Frame>
                <Suspense fallback={<Loading />}>
                  <Routes>
                    <Route path="/" element={<Overview />} />
                    <Route path="/users" element={<Users />} />
                    <Route path="/users/:id" element={<User />} />
                    <Route path="/files" element={<Files />} />
                    <Route path="/files/:id" element={<FileDetail />} />
                    <Route path="/outbox" element={<Outbox />} />
                    <Route path="/strategy" element={<Strategy />} />
                    <Route path="*" element={<NotFound />} />
                  </Routes>
                </Suspense>
              </Frame>
            </ViewProvider>
          </BrowserRouter>
        </QueryClientProvider>
      </AntApp>
    </ConfigProvider>
  );
}
