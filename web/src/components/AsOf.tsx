import { Button, DatePicker } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { dayOf } from "../core/time";
import { useAsOf, useView } from "../core/view";

/** The day that the page looks at. Without a choice it is the program's own. */
export function AsOf() {
  const { t } = useTranslation();
  const { status, zone } = useView();
  const { day, setDay } = useAsOf();
  const shown = day || (status ? dayOf(status.as_of, zone) : "");
  return (
    <>
      <label htmlFor="as-of" className="muted">
        {t("asOf.label")}
      </label>
      <DatePicker
        id="as-of"
        allowClear={false}
        inputReadOnly={false}
        value={shown ? dayjs(shown) : null}
        onChange={(value) => value && setDay(value.format("YYYY-MM-DD"))}
        aria-label={t("asOf.label")}
      />
      {day && (
        <Button type="link" onClick={() => setDay("")}>
          {t("asOf.reset")}
        </Button>
      )}
    </>
  );
}
