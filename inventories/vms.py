"""Virtual machines over SSH: edit the list, then ./run pyinfra -y inventories/vms.py deploys/postgres.py

Per machine ("name", {…}), or for all of them in group_data/all.py:

    ssh_hostname, ssh_port, ssh_user    where to and as whom; who is not root needs sudo without a password,
                                        and it is used without being asked for
    ssh_key                             the private key, when neither the agent nor ~/.ssh/config knows it
    ssh_config_file                     another file than ~/.ssh/config. A bastion is a line there:
                                            Host db*.internal
                                                ProxyJump bastion.example.com
    ssh_strict_host_key_checking        "yes", "accept-new" (the default), "no"
    ssh_known_hosts_file                another file than ~/.ssh/known_hosts

and any setting of docs/settings.md. Names that begin with _ are not groups of machines.
"""

_ADMIN = {"ssh_user": "admin", "ssh_key": "~/.ssh/id_ed25519"}

vms = [
    ("203.0.113.10", _ADMIN),
    ("db2.internal", {**_ADMIN, "postgres_version": 16}),
]
