"""The emails of all functions: Jinja2 templates, rendered as HTML and as plain text."""
