import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { PlainButton } from "../../components/Controls";
import { Empty } from "../../components/States";
import { TakeSnapshot } from "../../components/TakeSnapshot";
import { WhatIfError } from "../../core/whatif/protocol";

/** Why the base could not be loaded, and the way on; what has no words of its own is shown as children. */
export function Trouble({ error, onRetry, children }: { error: Error; onRetry: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  const code = error instanceof WhatIfError ? error.code : "";
  const older = code === "layout" || /has layout \d/.test(error.message);
  const known = older
    ? ([t("whatif.trouble.layout"), t("whatif.trouble.layoutText")] as const)
    : code === "corrupt"
      ? ([t("whatif.trouble.corrupt"), t("whatif.trouble.corruptText")] as const)
      : code === "memory"
        ? ([t("whatif.trouble.memory"), t("whatif.trouble.memoryText")] as const)
        : code === "dead" || code === "internal"
          ? ([t("whatif.trouble.broken"), t("whatif.trouble.brokenText")] as const)
          : undefined;
  if (!known) return children;
  return (
    <div className="card" role="alert">
      <Empty title={known[0]} text={known[1]}>
        {older ? <TakeSnapshot onDone={onRetry} /> : <PlainButton onClick={onRetry}>{t("error.retry")}</PlainButton>}
      </Empty>
      <p className="muted note mono break">{error.message}</p>
    </div>
  );
}
