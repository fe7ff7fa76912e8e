import { LeftOutlined, RightOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useTranslation } from "react-i18next";

/** Forward and back through a list that is read page by page. */
export function Pager({
  page,
  next,
  forward,
  back,
  text,
}: {
  page: number;
  next: string | undefined;
  forward: (next: string) => void;
  back: () => void;
  text?: string;
}) {
  const { t } = useTranslation();
  if (page === 1 && !next) return text ? <p className="muted pager">{text}</p> : null;
  return (
    <nav className="pager" aria-label={t("pager.label")}>
      <span className="muted">{text ?? t("pager.page", { page })}</span>
      <span className="marks">
        <Button icon={<LeftOutlined aria-hidden="true" />} disabled={page === 1} onClick={back}>
          {t("pager.back")}
        </Button>
        <Button disabled={!next} onClick={() => next && forward(next)}>
          {t("pager.forward")} <RightOutlined aria-hidden="true" />
        </Button>
      </span>
    </nav>
  );
}
