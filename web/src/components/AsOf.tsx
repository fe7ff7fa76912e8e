import { CalendarOutlined } from "@ant-design/icons";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { dayOf } from "../core/time";
import { useAsOf, useView } from "../core/view";
import { PlainButton } from "./Controls";

const DayPicker = lazy(() => import("./DayPicker"));

/** The day that the page looks at. Without a choice it is the program's own. The calendar is loaded when it is asked for. */
export function AsOf() {
  const { t } = useTranslation();
  const { status, zone, format } = useView();
  const { day, setDay } = useAsOf();
  const [picking, setPicking] = useState(false);
  const shown = day || (status ? dayOf(status.as_of, zone) : "");
  const button = (
    <PlainButton onClick={() => setPicking(true)} disabled={!shown}>
      <CalendarOutlined aria-hidden="true" />
      <span className="muted">{t("asOf.label")}</span> {shown ? format.day(shown) : "…"}
    </PlainButton>
  );
  return (
    <>
      {picking ? (
        <Suspense fallback={button}>
          <DayPicker
            day={shown}
            label={t("asOf.label")}
            onPick={(next) => {
              setPicking(false);
              setDay(next);
            }}
            onLeave={() => setPicking(false)}
          />
        </Suspense>
      ) : (
        button
      )}
      {day && (
        <PlainButton quiet onClick={() => setDay("")}>
          {t("asOf.reset")}
        </PlainButton>
      )}
    </>
  );
}
