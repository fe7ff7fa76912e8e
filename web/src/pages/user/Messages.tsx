import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useKnown } from "../../components/known";
import { Fate, MessageDetail } from "../../components/MessageParts";
import { Pager } from "../../components/Pager";
import { Answer, Empty } from "../../components/States";
import { api, data } from "../../core/api";
import { usePages } from "../../core/hooks";
import { useAddress, useView } from "../../core/view";

/** What was meant for this user, sent or not, and why. */
export function Messages({ id }: { id: string }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const known = useKnown();
  const pages = usePages(id);
  const messages = useQuery({
    queryKey: ["user", id, "messages", pages.after],
    queryFn: () =>
      data(api.GET("/v1/users/{id}/messages", { params: { path: { id }, query: { limit: 50, after: pages.after } } })),
  });
  return (
    <div className="card">
      <Answer query={messages} rows={6}>
        {(page) =>
          page.messages.length === 0 && pages.page === 1 ? (
            <Empty title={t("user.noMessages")} text={t("user.noMessagesText")}>
              <Link to={address("/strategy")}>{t("frame.place.strategy")}</Link>
            </Empty>
          ) : (
            <>
              <ul className="reasons">
                {page.messages.map((message) => (
                  <li key={message.id}>
                    <details className="reason">
                      <summary>
                        <span className="score num">{format.time(message.as_of)}</span>
                        <strong>{message.rule}</strong>
                        <Fate message={message} />
                        <span className="said-so muted">{message.why ? known.why(message.why) : message.subject}</span>
                      </summary>
                      <div className="inside">
                        <MessageDetail message={message} />
                      </div>
                    </details>
                  </li>
                ))}
              </ul>
              <Pager {...pages} next={page.next} />
            </>
          )
        }
      </Answer>
    </div>
  );
}
