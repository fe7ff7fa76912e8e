import { DatePicker } from "antd";
import dayjs from "dayjs";
import { Library } from "./Library";

/** A calendar that stands open until a day is picked or it is left. */
export default function DayPicker({
  day,
  label,
  onPick,
  onLeave,
}: {
  day: string;
  label: string;
  onPick: (day: string) => void;
  onLeave: () => void;
}) {
  return (
    <Library>
      <DatePicker
        autoFocus
        defaultOpen
        allowClear={false}
        aria-label={label}
        value={day ? dayjs(day) : null}
        onChange={(value) => value && onPick(value.format("YYYY-MM-DD"))}
        onOpenChange={(open) => !open && onLeave()}
      />
    </Library>
  );
}
