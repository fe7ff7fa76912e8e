import { App, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import dayjs from "dayjs";
import { type ReactNode, useEffect, useMemo, useSyncExternalStore } from "react";
import "dayjs/locale/zh-cn";
import { Outlet } from "react-router";
import { useDark, usePrefs } from "../core/prefs";
import { themeOf } from "../theme";

const calm = "(prefers-reduced-motion: reduce)";
const watchCalm = (listener: () => void) => {
  const query = window.matchMedia(calm);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
};

/**
 * The component library in the console's theme and language, with room for its questions and notices. It is heavy: the frame
 * and the overview do without it, and what needs it loads it with itself.
 */
export function Library({ children }: { children: ReactNode }) {
  const { language } = usePrefs();
  const dark = useDark();
  const still = useSyncExternalStore(watchCalm, () => window.matchMedia(calm).matches);
  const theme = useMemo(() => themeOf(dark, still), [dark, still]);
  useEffect(() => {
    dayjs.locale(language === "zh-CN" ? "zh-cn" : "en");
  }, [language]);
  return (
    <ConfigProvider theme={theme} button={{ autoInsertSpace: false }} locale={language === "zh-CN" ? zhCN : enUS}>
      <App component={false}>{children}</App>
    </ConfigProvider>
  );
}

/** The pages that are built with the library. */
export default function LibraryPages() {
  return (
    <Library>
      <Outlet />
    </Library>
  );
}
