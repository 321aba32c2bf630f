"""A PostgreSQL of the user's own: programs and pgvector from a wheel, data in the user's directory, no root.

This package manages the cluster (made, started, stopped, looked at). Roles, databases and the configuration are
made by the deploy, with the same programs that it uses everywhere.
"""
