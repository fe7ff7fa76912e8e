import { Drawer } from "antd";
import type { ReactNode } from "react";
import { Library } from "./Library";

/** The menu of a narrow page. */
export default function MenuDrawer({
  open,
  onClose,
  label,
  children,
}: {
  open: boolean;
  onClose: () => void;
  label: string;
  children: ReactNode;
}) {
  return (
    <Library>
      <Drawer
        open={open}
        onClose={onClose}
        placement="right"
        size={280}
        closable={false}
        className="drawer"
        aria-label={label}
        styles={{ body: { padding: 0 } }}
      >
        <div className="side">{children}</div>
      </Drawer>
    </Library>
  );
}
