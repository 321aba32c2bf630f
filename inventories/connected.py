"""One machine with a network, of the same system, release and architecture as those without.

See docs/offline.md.
"""

connected = [
    ("203.0.113.20", {"ssh_user": "admin", "ssh_key": "~/.ssh/id_ed25519"}),
]
