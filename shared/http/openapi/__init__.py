"""The OpenAPI document of an HTTPS function, generated from its table of routes."""
