"""The account: its use, its API keys."""

from __future__ import annotations

from collections.abc import Collection

from moodreel._async.base import BaseClient
from moodreel.api import path_of
from moodreel.models import AccountView, KeyList, KeyView, NewKeyView, UsageView


class AccountMethods(BaseClient):
    """Methods of the account. Those of API keys need a sign-in with the password."""

    async def account(self) -> AccountView:
        """Returns the account that is signed in."""
        return await self.perform(self.api.get(AccountView, "/v1/me"))

    async def usage(self) -> UsageView:
        """Returns what the account has used, and its limits."""
        return await self.perform(self.api.get(UsageView, "/v1/usage"))

    async def api_keys(self) -> tuple[KeyView, ...]:
        """Returns the API keys. Needs a sign-in with the password."""
        return (await self.perform(self.api.get(KeyList, "/v1/me/keys"))).keys

    async def create_key(
        self, name: str, scopes: Collection[str], valid_days: int | None = 90
    ) -> NewKeyView:
        """Creates an API key. Its `key` cannot be shown again. Needs a sign-in with the password.

        Args:
            scopes: Such as `jobs:write`, which includes `jobs:read`.
            valid_days: None for a key that does not expire.
        """
        body = {"name": name, "scopes": list(scopes), "valid_days": valid_days}
        return await self.perform(self.api.post(NewKeyView, "/v1/me/keys", body))

    async def delete_key(self, key_id: str) -> None:
        """Deletes an API key. Needs a sign-in with the password."""
        await self.perform(self.api.call("DELETE", path_of("me", "keys", key_id)))
