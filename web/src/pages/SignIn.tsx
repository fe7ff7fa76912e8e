import { useState } from "react";
import { useTranslation } from "react-i18next";
import { PlainButton } from "../components/Controls";
import { Logo } from "../components/Logo";
import { LanguageSwitch, ThemeSwitch } from "../components/Switches";
import { type Session, signIn } from "../core/session";

/** The page before the console, where people sign in: at the issuer, not here. */
export function SignIn({ session }: { session: Extract<Session, { kind: "out" }> }) {
  const { t } = useTranslation();
  const [leaving, setLeaving] = useState(false);
  const { problem } = session;
  return (
    <main className="signin" id="main">
      <div className="card">
        <Logo size={44} />
        <h1>{t("signin.title")}</h1>
        {problem && (
          <div className="banner bad" role="alert">
            <span className="grow">
              {t(`signin.problem.${problem.why}`)}
              {problem.detail && <span className="mono">{problem.detail}</span>}
            </span>
          </div>
        )}
        <p>{t("signin.lead", { issuer: session.issuer })}</p>
        <PlainButton
          disabled={leaving}
          onClick={() => {
            setLeaving(true);
            void signIn().finally(() => setLeaving(false));
          }}
        >
          {t("signin.go")}
        </PlainButton>
        <p className="muted">{t("signin.roles")}</p>
        <div className="switches">
          <ThemeSwitch />
          <LanguageSwitch />
        </div>
      </div>
    </main>
  );
}
