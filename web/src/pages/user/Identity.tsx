import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { Mark } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { Answer } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import { toProblem } from "../../core/problem";
import { useView } from "../../core/view";

/** The ids that are this user, and the facts that joined them; a wrong one can be undone. */
export function Identity({ user }: { user: Schemas["User"] }) {
  const { t } = useTranslation();
  const links = useQuery({
    queryKey: ["user", user.user_id, "links"],
    queryFn: () => data(api.GET("/v1/users/{id}/links", { params: { path: { id: user.user_id } } })),
  });
  return (
    <div className="grid" style={{ gap: 16 }}>
      <ul className="marks">
        {user.ids.map((id) => (
          <li key={id}>
            <Mark>
              <span className="mono break">{id}</span>
            </Mark>
          </li>
        ))}
      </ul>
      <Answer query={links} rows={2}>
        {(list) =>
          list.links.length === 0 ? (
            <p className="muted">{t("user.noLinks")}</p>
          ) : (
            <Scroll label={t("user.links")}>
              <table className="plain">
                <thead>
                  <tr>
                    <th scope="col">{t("user.linkOf")}</th>
                    <th scope="col">{t("user.linkBy")}</th>
                    <th scope="col">{t("user.linkTime")}</th>
                    <th scope="col">
                      <span className="visually-hidden">{t("user.unlink")}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {list.links.map((link) => (
                    <LinkRow key={`${link.a} ${link.b} ${link.alias}`} link={link} />
                  ))}
                </tbody>
              </table>
            </Scroll>
          )
        }
      </Answer>
    </div>
  );
}

function LinkRow({ link }: { link: Schemas["Link"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { modal, message } = App.useApp();
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => data(api.POST("/v1/identity/revoke", { body: { a: link.a, b: link.b } })),
    onSuccess: async () => {
      message.success(t("user.unlinked"));
      await queries.invalidateQueries();
    },
    onError: (error) => message.error(toProblem(error).message),
  });
  const ask = () =>
    modal.confirm({
      title: t("user.unlinkTitle"),
      content: t("user.unlinkText", { a: link.a, b: link.b }),
      okText: t("user.unlink"),
      okButtonProps: { danger: true },
      onOk: () => revoke.mutateAsync().catch(() => undefined),
    });
  return (
    <tr>
      <td className="mono break">
        {link.a} = {link.b}
      </td>
      <td>{link.alias ? t("user.linkAlias") : t("user.linkIdentify")}</td>
      <td className="num">{format.time(link.time)}</td>
      <td className="right">
        {link.revoked ? (
          <Mark tone="warn">{t("user.linkRevoked")}</Mark>
        ) : (
          <Button size="small" onClick={ask} loading={revoke.isPending}>
            {t("user.unlink")}
          </Button>
        )}
      </td>
    </tr>
  );
}
