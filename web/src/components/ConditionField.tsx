import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data, type Schemas } from "../core/api";
import { caretOf } from "../core/caret";
import { useRested } from "../core/hooks";

const ConditionEditor = lazy(() => import("./ConditionEditor"));

/** A condition that is checked while it is typed. onApply gets each text that is right, and "" when it is emptied. */
export function ConditionField({ applied, onApply }: { applied: string; onApply: (condition: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(applied);
  const rested = useRested(text, 350);
  const schema = useQuery({
    queryKey: ["condition-schema"],
    queryFn: () => data(api.GET("/v1/conditions/schema")),
    staleTime: 300_000,
  });
  const check = useQuery({
    queryKey: ["condition", rested],
    queryFn: () => data(api.POST("/v1/conditions/check", { body: { condition: rested, count: false } })),
    enabled: rested.trim() !== "",
    retry: false,
  });

  // A condition that came from elsewhere (a link, the back button) replaces what stands here.
  const [seen, setSeen] = useState(applied);
  if (applied !== seen) {
    setSeen(applied);
    if (applied !== text.trim()) setText(applied);
  }

  const settled = rested === text;
  const valid = rested.trim() === "" || check.data?.valid === true;
  const wanted = rested.trim();
  useEffect(() => {
    if (settled && valid && wanted !== applied) onApply(wanted);
  }, [settled, valid, wanted, applied, onApply]);

  const problem = settled && wanted !== "" ? check.data?.problem : undefined;
  return (
    <div>
      <Suspense fallback={<Skeleton.Input active block />}>
        <ConditionEditor
          value={text}
          onChange={setText}
          onEnter={() => valid && onApply(text.trim())}
          schema={schema.data}
          problem={problem}
          label={t("users.where")}
          placeholder={t("users.whereHint")}
        />
      </Suspense>
      <div aria-live="polite">
        {problem && <Mistake text={rested} problem={problem} />}
        {settled &&
          check.data?.warnings?.map((warning) => (
            <p className="said" key={`${warning.line} ${warning.col} ${warning.message}`}>
              {warning.message}
              {warning.expected ? ` · ${t("common.expected", { what: warning.expected })}` : ""}
            </p>
          ))}
      </div>
    </div>
  );
}

function Mistake({ text, problem }: { text: string; problem: Schemas["TextProblem"] }) {
  const { t } = useTranslation();
  return (
    <>
      <pre className="caret">{caretOf(text, problem.line, problem.col)}</pre>
      <p className="said">
        {problem.message}
        {problem.expected ? ` · ${t("common.expected", { what: problem.expected })}` : ""}
      </p>
    </>
  );
}
