"""The database half: migrations, their ledger, verification, backup, and everything `memory-mcp db` does."""
