"""Buckets for inputs and results."""

from __future__ import annotations

from moodreel._async.base import BaseClient
from moodreel.api import path_of
from moodreel.models import BucketList, BucketView


class BucketMethods(BaseClient):
    """Methods of the buckets that are bound to the account."""

    async def bind_bucket(self, bucket: str, prefix: str = "") -> BucketView:
        """Begins to bind a bucket. Create the object `proof` in it, then call `verify_bucket`.

        Args:
            prefix: Only objects whose names begin with it. It ends with a slash.
        """
        body = {"bucket": bucket, "prefix": prefix}
        return await self.perform(self.api.post(BucketView, "/v1/buckets", body))

    async def buckets(self) -> tuple[BucketView, ...]:
        """Returns the buckets of the account."""
        return (await self.perform(self.api.get(BucketList, "/v1/buckets"))).buckets

    async def bucket(self, bucket_id: str) -> BucketView:
        """Returns a bucket. Raises NotFound."""
        return await self.perform(self.api.get(BucketView, path_of("buckets", bucket_id)))

    async def verify_bucket(self, bucket_id: str) -> BucketView:
        """Reads the proof of a bucket, after which URLs may name it. Raises ApiError if it is
        missing or another."""
        path = path_of("buckets", bucket_id, "verify")
        return await self.perform(self.api.post(BucketView, path))

    async def delete_bucket(self, bucket_id: str) -> None:
        """Ends the binding of a bucket. Its objects are not changed."""
        await self.perform(self.api.call("DELETE", path_of("buckets", bucket_id)))
