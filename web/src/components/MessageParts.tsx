import { useTranslation } from "react-i18next";
import type { Schemas } from "../core/api";
import { useView } from "../core/view";
import { useKnown } from "./known";
import { Mark, Pairs, type Tone } from "./Parts";
import { Reasons } from "./Reasons";

type Message = Schemas["Message"];

const tones: Record<Schemas["MessageStatus"], Tone> = {
  pending: "info",
  claimed: "info",
  sent: "good",
  suppressed: "warn",
  withheld: "plain",
  expired: "warn",
  unknown: "bad",
};

export function Fate({ message }: { message: Message }) {
  const { t } = useTranslation();
  const { format } = useView();
  return (
    <span className="marks">
      <Mark tone={tones[message.status]} dot>
        {t(`status.${message.status}`)}
      </Mark>
      {message.held_until && (
        <span className="muted num">{t("outbox.until", { time: format.time(message.held_until) })}</span>
      )}
      {message.shadow && <Mark>{t("outbox.shadow")}</Mark>}
    </span>
  );
}

/** One message in full: what was said, why it was asked for, and why it was not sent. */
export function MessageDetail({ message }: { message: Message }) {
  const { t } = useTranslation();
  const { format } = useView();
  const known = useKnown();
  const pairs: [string, React.ReactNode][] = [
    [t("outbox.asOf"), format.time(message.as_of)],
    [t("outbox.due"), format.time(message.due)],
  ];
  if (message.held_until) pairs.push([t("outbox.heldUntil"), format.time(message.held_until)]);
  if (message.settled_at) pairs.push([t("outbox.settled"), format.time(message.settled_at)]);
  pairs.push(
    [t("outbox.template"), message.template],
    [t("outbox.channel"), message.channel],
    [t("outbox.episode"), format.count(message.episode)],
    [
      t("outbox.id"),
      <span key="id" className="mono break">
        {message.id}
      </span>,
    ],
    [
      t("outbox.strategy"),
      <span key="s" className="mono">
        {message.strategy_version}
      </span>,
    ],
  );
  return (
    <div className="grid" style={{ gap: 18 }}>
      <div className="half">
        {message.why && (
          <p style={{ marginBottom: 12 }}>
            <strong>{t("outbox.why")}</strong> <span title={message.why}>{known.why(message.why)}</span>
          </p>
        )}
        {message.subject || message.body ? (
          <blockquote className="letter">
            {message.subject && <p className="subject">{message.subject}</p>}
            {message.body && <p className="body">{message.body}</p>}
          </blockquote>
        ) : (
          <p className="muted">{t("outbox.notRendered")}</p>
        )}
      </div>
      <div className="half">
        <Pairs pairs={pairs} />
      </div>
      {message.reasons.length > 0 && (
        <div>
          <p className="muted">{t("outbox.reasons")}</p>
          <Reasons reasons={message.reasons} />
        </div>
      )}
    </div>
  );
}
