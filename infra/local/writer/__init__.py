"""The Gemini stand-in: the real service's REST interface, answered out of the request's words."""
