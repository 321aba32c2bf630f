"""Render the script for Windows machines from these settings; it is written on this machine, and run there.

./run pyinfra -y inventories/dev.py deploys/windows.py
"""

from memory_provision.windows import windows

windows()
