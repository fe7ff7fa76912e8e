import { Skeleton } from "antd";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../core/api";
import { caretOf } from "../../core/caret";
import { useRested } from "../../core/hooks";

const ConditionEditor = lazy(() => import("../../components/ConditionEditor"));

/** The text of a condition, checked where the base is: in the workers. */
export function ConditionText({
  value,
  label,
  schema,
  problem,
  onChange,
}: {
  value: string;
  label: string;
  schema: Schemas["ConditionSchema"];
  problem: Schemas["TextProblem"] | undefined;
  onChange: (value: string) => void;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  if (value !== seen) {
    setSeen(value);
    setText(value);
  }
  const rested = useRested(text, 150);
  useEffect(() => {
    if (rested !== seen && rested === text) onChange(rested);
  }, [rested, seen, text, onChange]);
  const shown = rested === text ? problem : undefined;
  return (
    <div>
      <Suspense fallback={<Skeleton.Input active block />}>
        <ConditionEditor
          value={text}
          onChange={setText}
          onEnter={() => onChange(text)}
          schema={schema}
          problem={shown}
          label={label}
          placeholder={t("users.whereHint")}
        />
      </Suspense>
      <div aria-live="polite">
        {shown && (
          <>
            <pre className="caret">{caretOf(text, shown.line, shown.col)}</pre>
            <p className="said">{shown.message}</p>
          </>
        )}
      </div>
    </div>
  );
}
