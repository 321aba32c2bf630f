"""Apply pending migrations; with --dry, list them.

./run pyinfra -y inventories/dev.py deploys/migrate.py
"""

from memory_provision.maintenance import migrate

migrate()
