"""All that a machine without a network needs, in one file: --data bundle_file=FILE

./run pyinfra -y --data bundle_file=bundle.tar inventories/connected.py deploys/bundle.py
"""

from memory_provision.bundling import bundle

bundle()
