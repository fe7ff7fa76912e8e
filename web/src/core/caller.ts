import { useView } from "./view";

const order = ["none", "viewer", "editor", "approver", "admin"] as const;
type Role = (typeof order)[number];

/** Whether whoever looks at the console has a role, or a higher one; nobody has one before the server has said who it is. */
export function useRole(needed: Role): boolean {
  const { status } = useView();
  return status !== undefined && order.indexOf(status.caller.role) >= order.indexOf(needed);
}

/** Why a draft cannot be published at once; undefined when it can. */
export function useDirect(): "approval" | "role" | undefined {
  const { status } = useView();
  const approver = useRole("approver");
  if (status?.approval_required) return "approval";
  return approver ? undefined : "role";
}
