"""Routing, parsing and responses of the HTTPS functions; `shared.entrypoints.endpoint` combines
them."""
