import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { setOwnToken } from "../core/session";
import { Library } from "./Library";

/** Asks for the token that a Weir beyond loopback needs, and starts again with it. */
export default function TokenForm() {
  const { t } = useTranslation();
  const [value, setValue] = useState("");
  return (
    <Library>
      <form
        className="options"
        onSubmit={(event) => {
          event.preventDefault();
          setOwnToken(value);
          location.reload();
        }}
      >
        <Input.Password
          aria-label={t("error.token")}
          placeholder={t("error.token")}
          value={value}
          onChange={(event) => setValue(event.target.value)}
          autoComplete="off"
        />
        <Button type="primary" htmlType="submit" disabled={!value.trim()}>
          {t("error.useToken")}
        </Button>
      </form>
    </Library>
  );
}
