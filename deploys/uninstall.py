"""Remove what deploys/postgres.py put on each host.

The data stay; --data purge_data=true --data confirm=DATABASE removes them as well, after a backup.

./run pyinfra -y inventories/dev.py deploys/uninstall.py
"""

from memory_provision.maintenance import uninstall

uninstall()
