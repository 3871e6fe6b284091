"""What a caller can cost per minute, route by route: rate limits times the cost of a request."""
