"""Undo migrations, after a backup: --data rollback_to=VERSION (or rollback_steps=N) --data confirm=DATABASE

./run pyinfra -y inventories/dev.py deploys/rollback.py
"""

from memory_provision.maintenance import rollback

rollback()
