import {
  AlertOutlined,
  BranchesOutlined,
  ControlOutlined,
  DashboardOutlined,
  ExperimentOutlined,
  FolderOpenOutlined,
  HistoryOutlined,
  MenuOutlined,
  SendOutlined,
  SwapOutlined,
  TagsOutlined,
  TeamOutlined,
} from "@ant-design/icons";
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, useLocation } from "react-router";
import { useAddress, useView } from "../core/view";
import { Account } from "./Account";
import { Banners } from "./Banners";
import { Logo } from "./Logo";
import { LanguageSwitch, ThemeSwitch } from "./Switches";

const MenuDrawer = lazy(() => import("./MenuDrawer"));

const places = [
  { path: "/", key: "overview", icon: <DashboardOutlined /> },
  { path: "/users", key: "users", icon: <TeamOutlined /> },
  { path: "/churn", key: "churn", icon: <AlertOutlined /> },
  { path: "/lifecycle", key: "lifecycle", icon: <SwapOutlined /> },
  { path: "/retention", key: "retention", icon: <HistoryOutlined /> },
  { path: "/models", key: "models", icon: <ExperimentOutlined /> },
  { path: "/files", key: "files", icon: <FolderOpenOutlined /> },
  { path: "/events", key: "events", icon: <TagsOutlined /> },
  { path: "/outbox", key: "outbox", icon: <SendOutlined /> },
  { path: "/whatif", key: "whatif", icon: <ControlOutlined /> },
  { path: "/strategy", key: "strategy", icon: <BranchesOutlined /> },
] as const;

/** The frame of every page: the way around, the switches, and what concerns all pages. */
export function Frame({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const [open, setOpen] = useState(false);
  const opened = useRef(false);
  const main = useRef<HTMLElement>(null);
  const last = useRef(pathname);

  // A reader's place moves to the new page, as it would with a page load.
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    setOpen(false);
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [pathname]);

  return (
    <>
      <a className="skip" href="#main">
        {t("frame.skip")}
      </a>
      <div className="frame">
        <header className="side">
          <Side />
        </header>
        <header className="topbar">
          <Brand />
          <span className="switches">
            <LanguageSwitch />
            <button
              type="button"
              className="ghost"
              aria-label={t("frame.menu")}
              onClick={() => {
                opened.current = true;
                setOpen(true);
              }}
            >
              <MenuOutlined aria-hidden="true" />
            </button>
          </span>
        </header>
        {(open || opened.current) && (
          <Suspense>
            <MenuDrawer open={open} onClose={() => setOpen(false)} label={t("frame.menu")}>
              <Side />
            </MenuDrawer>
          </Suspense>
        )}
        <main className="main" id="main" ref={main} tabIndex={-1}>
          <div className="inner">
            <Banners />
            {children}
          </div>
        </main>
      </div>
    </>
  );
}

function Brand() {
  const { t } = useTranslation();
  const address = useAddress();
  return (
    <Link className="brand" to={address("/")} aria-label={t("frame.home")}>
      <Logo size={30} />
      <span>
        Weir <small lang="zh-CN">堰</small>
      </span>
    </Link>
  );
}

function Side() {
  const { t } = useTranslation();
  const { status } = useView();
  const address = useAddress();
  return (
    <>
      <Brand />
      <nav className="nav" aria-label={t("frame.nav")}>
        {places.map(({ path, key, icon }) => (
          <NavLink key={path} to={address(path)} end={path === "/"}>
            <span aria-hidden="true">{icon}</span>
            {t(`frame.place.${key}`)}
          </NavLink>
        ))}
      </nav>
      <div className="side-foot">
        <Account />
        <div className="switches">
          <ThemeSwitch />
          <LanguageSwitch />
        </div>
        {status && <span className="mono">{t("frame.version", { version: status.version })}</span>}
      </div>
    </>
  );
}
