import { useTranslation } from "react-i18next";
import type { Schemas } from "../core/api";
import { useKnown } from "./known";
import { Mark, Meter, type Tone } from "./Parts";

type File = Schemas["File"];

const tones: Record<File["status"], Tone> = { waiting: "plain", running: "info", done: "good", failed: "bad" };

/** Where a file is; while it is processed, how far. */
export function FileStatus({ file }: { file: File }) {
  const { t } = useTranslation();
  const known = useKnown();
  const busy = file.status === "running" || file.status === "waiting";
  return (
    <span className="marks" style={{ alignItems: "center", minWidth: 120 }}>
      <Mark tone={tones[file.status]} dot>
        {busy && file.progress ? known.phase(file.progress.phase) : t(`fileStatus.${file.status}`)}
      </Mark>
      {file.status === "running" && (
        <span style={{ color: "var(--info)", flex: "1 1 80px", display: "flex" }}>
          <Meter
            share={file.progress && file.progress.total > 0 ? file.progress.done / file.progress.total : undefined}
            label={t("files.progressOf", { name: file.name })}
          />
        </span>
      )}
      {file.backfill && <Mark>{t("files.backfilled")}</Mark>}
      {file.redrive_of && <Mark>{t("files.redriven")}</Mark>}
    </span>
  );
}

export function isBusy(file: File): boolean {
  return file.status === "running" || file.status === "waiting";
}
