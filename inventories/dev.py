"""This machine."""

dev = ["@local"]
