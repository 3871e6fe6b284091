"""List prices of Google Cloud, and the cost of a job from its measured work."""
