"""`memory-mcp doctor`: every check from the settings to the schema, in the order of their dependence."""
