"""Load the sample data (project `test`); running it again changes nothing.

./run pyinfra -y inventories/dev.py deploys/seed.py
"""

from memory_provision.maintenance import seed

seed()
