"""The proof that an installation works: a real MCP client, the installed server, the configured database."""
