"""Virtual machines over SSH: edit the list, then ./run pyinfra -y inventories/vms.py deploys/postgres.py

A user other than root needs sudo without a password; it is used by itself. Per host: ("name", {…}) with any of
ssh_hostname, ssh_port, ssh_user, ssh_key, and any setting of docs/settings.md.
"""

vms = [
    ("203.0.113.10", {"ssh_user": "admin", "ssh_key": "~/.ssh/id_ed25519"}),
]
