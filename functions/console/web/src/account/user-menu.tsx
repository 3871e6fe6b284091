/** The menu of the signed-in user, at the end of the header. */
import { BookOpen, ChartNoAxesColumn, ChevronDown, KeyRound, LogOut, Settings, UserRound } from "lucide";
import type { User } from "../session.ts";
import { settings } from "../settings.ts";
import { Icon } from "../ui/icon.tsx";
import { type MenuGroup, type MenuItem, MenuButton } from "../ui/menu.tsx";
import { useSignOut } from "../upload/use-sign-out.tsx";

export function UserMenu({ user }: { user: User }) {
  const { signOut, dialog } = useSignOut();
  const links: readonly MenuItem[] = [
    { label: "Account", icon: Settings, href: "/account/profile" },
    { label: "Usage", icon: ChartNoAxesColumn, href: "/account" },
    { label: "API keys", icon: KeyRound, href: "/account/api-keys" },
    { label: "API documentation", icon: BookOpen, href: `${settings.api}/v1/docs` },
  ];
  const items: readonly (MenuItem | MenuGroup)[] = [
    { items: links },
    { label: "Sign out", icon: LogOut, onSelect: signOut },
  ];
  return (
    <>
      <MenuButton
        class="user-menu"
        label={`Account of ${user.name || user.email}`}
        items={items}
        header={
          <>
            {user.name && <strong>{user.name}</strong>}
            <span>{user.email}</span>
          </>
        }
      >
        <Icon icon={UserRound} />
        <span class="user-name">{user.name || user.email}</span>
        <Icon icon={ChevronDown} size={16} />
      </MenuButton>
      {dialog}
    </>
  );
}
