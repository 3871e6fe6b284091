"""The operations of the API, as flows."""
