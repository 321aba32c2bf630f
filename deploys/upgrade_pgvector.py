"""Bring pgvector up to date: its package (or compiled files), then the extension in every project's database.

./run pyinfra -y inventories/dev.py deploys/upgrade_pgvector.py
"""

from memory_provision.upgrade import upgrade_pgvector

upgrade_pgvector()
