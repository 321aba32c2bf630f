"""The Memory MCP server and its `memory-mcp` command: what runs beside the database."""

__version__ = "0.1.0"
