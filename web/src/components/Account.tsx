import { useTranslation } from "react-i18next";
import { signIn, signOut, useSession } from "../core/session";
import { PlainButton } from "./Controls";

/** Who is signed in, with which role, and the way out. Nothing where nobody signs in. */
export function Account() {
  const { t } = useTranslation();
  const session = useSession();
  if (session.kind !== "in") return null;
  return (
    <div className="account">
      <span className="who" title={session.name}>
        {session.name}
      </span>
      <span>{session.role ? t(`signin.role.${session.role}`) : t("signin.noRole")}</span>
      <button type="button" className="ghost" onClick={() => void signOut()}>
        {t("signin.out")}
      </button>
    </div>
  );
}

/** Says that one has to sign in again; the page stays, and one comes back to it. */
export function SignInAgain() {
  const { t } = useTranslation();
  const session = useSession();
  if (session.kind !== "in" || !session.ended) return null;
  return (
    <div className="banner warn" role="alert">
      <span className="grow">{t("signin.ended")}</span>
      <PlainButton onClick={() => void signIn()}>{t("signin.go")}</PlainButton>
    </div>
  );
}
