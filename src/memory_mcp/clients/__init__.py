"""Telling MCP clients about the server: where each keeps its configuration, and careful changes to it."""
