"""The fault matrix: every stage × crash point × delivery × fault of a service."""
