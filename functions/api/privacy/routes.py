"""The routes of exports and erasures of personal data."""

from __future__ import annotations

from functions.api import download_links, rate_limit_policies
from functions.api.privacy import handlers, schemas
from shared.errors import SourceExpired
from shared.http.routing import Route

_PART = "/v1/me/exports/{request_id}/parts/{number}"

_ROUTES = (
    Route(
        "POST", "/v1/me/exports", handlers.create_export,
        "Request an export of all data stored about you.", schemas.ExportView, 202,
        policies=(rate_limit_policies.changes,),
    ),
    Route("GET", "/v1/me/exports", handlers.list_exports, "List your exports.",
          schemas.ExportList),
    Route("GET", "/v1/me/exports/{request_id}", handlers.get_export,
          "Get the progress and the parts of an export.", schemas.ExportView),
    Route(
        "GET", _PART, handlers.get_export_part,
        "Redirect to a part of an export; the link is valid for 15 minutes.", status=302,
    ),
    Route(
        "GET", f"{_PART}/link", handlers.get_export_part_link,
        "Get a link to a part of an export, for a page to save; it is valid for 15 minutes.",
        download_links.LinkView, query=download_links.LinkQuery, errors=(SourceExpired,),
    ),
    Route(
        "POST", "/v1/me/erasures", handlers.create_erasure,
        "Request the erasure of all data stored about you, with or without your account.",
        schemas.ErasureView, 202, body=schemas.ErasureRequest,
        policies=(rate_limit_policies.changes,),
    ),
    Route(
        "DELETE", "/v1/me", handlers.delete_account,
        "Delete your account and all your data; the answer has the URL of the receipt.",
        schemas.ErasureView, 202, policies=(rate_limit_policies.changes,),
    ),
    Route(
        "GET", "/v1/erasures/{erasure_token}", handlers.get_erasure,
        "Get the progress and the signed receipt of an erasure; its URL needs no sign-in.",
        schemas.ErasureView, sign_in_required=False,
    ),
    Route(
        "GET", "/v1/erasures/{erasure_token}/inventory", handlers.get_inventory,
        "Redirect to the list of everything that was erased.", status=302,
        sign_in_required=False,
    ),
    Route(
        "GET", "/v1/receipt-keys", handlers.list_receipt_keys,
        "List the public keys that verify receipts, as a JWK set.",
        schemas.KeySet, sign_in_required=False,
    ),
)  # fmt: skip
ROUTES = tuple(route.with_group("My data") for route in _ROUTES)
