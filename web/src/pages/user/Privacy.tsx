import { useMutation } from "@tanstack/react-query";
import { App, Button, Checkbox } from "antd";
import { useTranslation } from "react-i18next";
import { Pairs } from "../../components/Parts";
import { api, data, type Schemas, save } from "../../core/api";
import { toProblem } from "../../core/problem";

type Receipt = Schemas["Receipt"];

/** What is personal of a user: the addresses, a copy of everything, and forgetting. Each asks for a role and is noted in the log. */
export function Privacy({ user, onForgotten }: { user: Schemas["User"]; onForgotten: (receipt: Receipt) => void }) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const path = { path: { id: user.user_id } };
  const failed = (error: unknown) => message.error(toProblem(error).message);
  const contact = useMutation({
    mutationFn: () => data(api.POST("/v1/users/{id}/contact", { params: path })),
    onError: failed,
  });
  const copy = useMutation({
    mutationFn: () => data(api.POST("/v1/users/{id}/export", { params: path })),
    onSuccess: (all) =>
      save(new Blob([JSON.stringify(all, null, 2)], { type: "application/json" }), `${user.user_id}.json`),
    onError: failed,
  });
  const forget = useMutation({
    mutationFn: () => data(api.POST("/v1/users/{id}/forget", { params: path })),
    onSuccess: onForgotten,
    onError: failed,
  });
  const ask = () => {
    const dialog = modal.confirm({
      title: t("user.forgetTitle", { id: user.user_id }),
      content: (
        <div className="grid" style={{ gap: 12 }}>
          <p>{t("user.forgetText")}</p>
          <ul className="marks">
            {user.ids.map((id) => (
              <li key={id} className="mono break">
                {id}
              </li>
            ))}
          </ul>
          <Checkbox onChange={(e) => dialog.update({ okButtonProps: { danger: true, disabled: !e.target.checked } })}>
            {t("user.forgetSure")}
          </Checkbox>
        </div>
      ),
      okText: t("user.forget"),
      okButtonProps: { danger: true, disabled: true },
      onOk: () => forget.mutateAsync().catch(() => undefined),
    });
  };
  return (
    <div className="grid" style={{ gap: 16 }}>
      <div className="marks">
        <Button onClick={() => contact.mutate()} loading={contact.isPending}>
          {t("user.showContact")}
        </Button>
        <Button onClick={() => copy.mutate()} loading={copy.isPending}>
          {t("user.exportAll")}
        </Button>
        <Button danger onClick={ask} loading={forget.isPending}>
          {t("user.forget")}
        </Button>
      </div>
      <div aria-live="polite">{contact.data && <Addresses found={contact.data} />}</div>
    </div>
  );
}

function Addresses({ found }: { found: Schemas["ContactData"] }) {
  const { t } = useTranslation();
  if (!found.email && !found.phone) return <p className="muted">{t("user.noContact")}</p>;
  const pairs: [string, string | undefined][] = [
    [t("user.email"), found.email],
    [t("user.phone"), found.phone],
  ];
  return <Pairs pairs={pairs.filter((pair): pair is [string, string] => pair[1] !== undefined)} />;
}
