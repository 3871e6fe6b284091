"""Serializes the response of a handler."""

from __future__ import annotations

from http import HTTPStatus

from werkzeug.wrappers import Request, Response

from shared.http.request import ApiResponse, compute_etag
from shared.http.routing import Route


def to_response(request: Request, route: Route, api_response: ApiResponse) -> Response:
    """Returns the response to send, with its ETag. An unchanged one is 304."""
    status = route.status if api_response.status is None else api_response.status
    if status == HTTPStatus.CREATED and "Location" not in api_response.headers:
        # The OpenAPI document promises the header for every 201.
        raise TypeError(f"{route.method} {route.path} answers 201 without Location")
    if api_response.stream is not None:
        # The headers contain Content-Length: the length of a stream is not computed here.
        return Response(
            api_response.stream, status, dict(api_response.headers), direct_passthrough=True
        )
    if api_response.body is None and api_response.content is None:
        return Response(status=status, headers=dict(api_response.headers))
    data = api_response.content or b""
    if api_response.body is not None:
        data = api_response.body.model_dump_json().encode()
    coded = api_response.gzipped is not None and request.accept_encodings.quality("gzip") > 0
    data = api_response.gzipped or data if coded else data
    response = Response(data, status, headers=dict(api_response.headers), mimetype=route.media_type)
    if api_response.gzipped is not None:
        response.vary.add("Accept-Encoding")
    if coded:
        response.headers["Content-Encoding"] = "gzip"
    if status == HTTPStatus.OK and route.has_etag:
        tag = compute_etag(data)
        response.set_etag(tag)
        if route.method == "GET" and request.if_none_match.contains_weak(tag):
            response.status_code = HTTPStatus.NOT_MODIFIED
            response.set_data(b"")
            response.headers.remove("Content-Type")
    return response


def accepts(request: Request, route: Route) -> bool:
    """Returns whether the client accepts the route's media type; no Accept header means any."""
    return not request.accept_mimetypes.provided or bool(
        request.accept_mimetypes.quality(route.media_type)
    )
