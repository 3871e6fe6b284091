"""The parts of the frame around HTTPS functions; `shared.entrypoints.endpoint` puts them
together."""
