"""The only modules with SQL on the memory tables."""
