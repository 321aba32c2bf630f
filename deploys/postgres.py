"""The main job: PostgreSQL, pgvector, database, schema, configuration and a smoke-tested Memory MCP server.

./run pyinfra -y inventories/dev.py deploys/postgres.py
"""

from memory_provision.deploys import postgres

postgres()
