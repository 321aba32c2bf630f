"""Bring a backup back: --data restore_file=FILE --data confirm=DATABASE

./run pyinfra -y inventories/dev.py deploys/restore.py
"""

from memory_provision.maintenance import restore

restore()
