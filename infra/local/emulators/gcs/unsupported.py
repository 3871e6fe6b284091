"""Features of both APIs that the emulator does not have. They are answered with 501.

Without this, a path would be answered with 404, and a parameter or field would be ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra.local.emulators.gcs.errors import not_supported

V2_SIGNATURES = "V2 signatures"
HMAC_SIGNATURES = "HMAC signatures"
POST_POLICIES = "POST policy forms"
_ACLS = "ACLs"
_ENCRYPTION = "encryption keys"
_FOLDERS = "folders and hierarchical namespaces"
_MANAGED_FOLDERS = "managed folders"
_RETENTION = "retention policies"
_SOFT_DELETE = "soft delete"

_PATHS = [
    (re.compile(pattern), feature)
    for pattern, feature in (
        (r"/storage/v1/b/[^/]+/(?:acl|defaultObjectAcl)(?:/.*)?", _ACLS),
        (r"/storage/v1/b/[^/]+/o/[^/]+/acl(?:/.*)?", _ACLS),
        (r"/storage/v1/b/[^/]+/(?:o/[^/]+/)?iam(?:/.*)?", "IAM policies"),
        (r"/storage/v1/b/[^/]+/lockRetentionPolicy", _RETENTION),
        (r"/storage/v1/b/[^/]+/managedFolders(?:/.*)?", _MANAGED_FOLDERS),
        (r"/storage/v1/b/[^/]+/folders(?:/.*)?", _FOLDERS),
        (r"/storage/v1/b/[^/]+/(?:o/[^/]+/)?restore", _SOFT_DELETE),
        (r"/storage/v1/b/[^/]+/o/bulkRestore", _SOFT_DELETE),
        (r"/storage/v1/b/[^/]+/anywhereCaches(?:/.*)?", "Anywhere Cache"),
        (r"/storage/v1/b/[^/]+/(?:operations(?:/.*)?|relocate)", "bucket relocation"),
        (r"/storage/v1/(?:b/[^/]+/o/watch|channels/stop)", "Object Change Notification"),
        (r"/storage/v1/projects/[^/]+/hmacKeys(?:/.*)?", "HMAC keys"),
    )
]
_PARAMETERS = {
    "predefinedAcl": _ACLS,
    "predefinedDefaultObjectAcl": _ACLS,
    "destinationPredefinedAcl": _ACLS,
    "kmsKeyName": _ENCRYPTION,
    "destinationKmsKeyName": _ENCRYPTION,
    "enableObjectRetention": _RETENTION,
    "overrideUnlockedRetention": _RETENTION,
    "includeFoldersAsPrefixes": _MANAGED_FOLDERS,
    "softDeleted": _SOFT_DELETE,
    "filter": "object contexts",
}
_HEADERS = {
    "x-goog-acl": _ACLS,
    "x-goog-encryption-kms-key-name": _ENCRYPTION,
    "x-goog-encryption-algorithm": _ENCRYPTION,
    "x-goog-copy-source-encryption-algorithm": _ENCRYPTION,
}
_BUCKET_FIELDS = {
    "acl": _ACLS,
    "autoclass": "Autoclass",
    "customPlacementConfig": "dual-region buckets",
    "defaultObjectAcl": _ACLS,
    "encryption": _ENCRYPTION,
    "hierarchicalNamespace": _FOLDERS,
    "ipFilter": "IP filters",
    "objectRetention": _RETENTION,
    "retentionPolicy": _RETENTION,
    "rpo": "turbo replication",
    "softDeletePolicy": _SOFT_DELETE,
}
_OBJECT_FIELDS = {
    "acl": _ACLS,
    "contexts": "object contexts",
    "kmsKeyName": _ENCRYPTION,
    "retention": _RETENTION,
}
_SUBRESOURCES = (
    "acl", "billing", "cors", "encryption", "lifecycle", "location", "logging", "retention",
    "storageClass", "tagging", "versioning", "versions", "website",
)  # fmt: skip
_OFF: tuple[Any, ...] = (None, False, 0, "", "0", "false", "False", "DEFAULT", [])
"""Values that turn a feature off: they are accepted and ignored."""


def check_path(path: str) -> None:
    """Raises 501 for the path of a feature that is not supported."""
    for pattern, feature in _PATHS:
        if pattern.fullmatch(path):
            raise not_supported(feature)


def check_parameters(query: Mapping[str, str], headers: Mapping[str, str]) -> None:
    """Raises 501 when a parameter or header requests a feature that is not supported."""
    _check(_PARAMETERS, query)
    _check(_HEADERS, headers)


def check_subresource(query: Mapping[str, str]) -> None:
    """Raises 501 for a request of the XML API about a part of a resource, such as `?acl`."""
    for name in _SUBRESOURCES:
        if name in query:
            raise not_supported(_ACLS if name == "acl" else f"?{name} on the XML API")


def check_bucket_fields(resource: Mapping[str, Any]) -> None:
    """Raises 501 when a bucket turns on a feature that is not supported."""
    _check(_BUCKET_FIELDS, resource)


def check_object_fields(resource: Mapping[str, Any]) -> None:
    """Raises 501 when an object turns on a feature that is not supported."""
    _check(_OBJECT_FIELDS, resource)


def _check(features: Mapping[str, str], values: Mapping[str, Any]) -> None:
    for name, feature in features.items():
        if not _is_off(values.get(name)):
            raise not_supported(feature)


def _is_off(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("enabled") is False or all(map(_is_off, value.values()))
    return value in _OFF
