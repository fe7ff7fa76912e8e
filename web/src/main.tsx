import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { getPrefs } from "./core/prefs";
import { startSession } from "./core/session";
import { startTexts } from "./i18n";
import "./styles.css";

const { theme } = getPrefs();
const dark = theme === "system" ? window.matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
document.documentElement.dataset.theme = dark ? "dark" : "light";

await Promise.all([startTexts(), startSession()]);
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
