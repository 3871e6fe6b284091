"""The parts of the frame around HTTPS functions; `shared.endpoint` puts them together."""
