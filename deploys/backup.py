"""Save the database of each host to a file there: --data backup_file=FILE, or a name with the time.

./run pyinfra -y inventories/dev.py deploys/backup.py
"""

from memory_provision.maintenance import backup

backup()
