import { lazy, type ReactNode, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { toProblem } from "../core/problem";
import { useSession } from "../core/session";
import { useAddress } from "../core/view";
import { PlainButton } from "./Controls";

const TokenForm = lazy(() => import("./TokenForm"));

/** A quiet picture: water behind a weir. */
function Picture() {
  return (
    <svg className="picture" width="112" height="58" viewBox="0 0 112 58" aria-hidden="true" focusable="false">
      <g fill="none" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round">
        <path d="M4 16h38c14 0 12 26 26 26h40" />
        <path d="M4 26h30c12 0 11 25 24 25h28" opacity=".6" />
        <path d="M62 12v20M74 12v26M86 12v26" opacity=".8" />
      </g>
    </svg>
  );
}

/** Nothing is here yet; children are the way out. */
export function Empty({ title, text, children }: { title: string; text?: string; children?: ReactNode }) {
  return (
    <div className="state">
      <Picture />
      <h3>{title}</h3>
      {text && <p>{text}</p>}
      {children && <div className="actions">{children}</div>}
    </div>
  );
}

/** What went wrong, in the server's words, with what to do next. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  const problem = toProblem(error);
  const session = useSession();
  const refused = problem.status === 401 || problem.status === 403;
  const locked = refused && session.kind !== "in"; // who is signed in brings no token, and is told what is missing
  const ended = problem.status === 401 && !locked;
  const title =
    problem.status === 0
      ? t("error.unreachable")
      : locked
        ? t("error.locked")
        : ended
          ? t("signin.problem.ended")
          : t("error.title");
  return (
    <div className="state" role="alert">
      <Picture />
      <h3>{title}</h3>
      <p>{(!ended && problem.detail) || problem.title || (problem.status === 0 ? t("error.unreachableText") : "")}</p>
      {problem.hint && !ended && <p className="hint">{problem.hint}</p>}
      {locked && (
        <Suspense>
          <TokenForm />
        </Suspense>
      )}
      <div className="actions">{retry && <PlainButton onClick={retry}>{t("error.retry")}</PlainButton>}</div>
    </div>
  );
}

export function Loading({ rows = 6 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("common.loading")} className="bones">
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bars without content
        <span className="bone" key={i} style={{ width: i === 0 ? "34%" : i === rows - 1 ? "58%" : undefined }} />
      ))}
    </div>
  );
}

/** One question's three answers: not yet, no, and the data. */
export function Answer<T>({
  query,
  rows,
  children,
}: {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <Loading rows={rows} />;
}

export function NotFound() {
  const { t } = useTranslation();
  const address = useAddress();
  return (
    <div className="card">
      <Empty title={t("error.noPage")} text={t("error.noPageText")}>
        <Link to={address("/")}>{t("frame.place.overview")}</Link>
      </Empty>
    </div>
  );
}
