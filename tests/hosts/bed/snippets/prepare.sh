#!/bin/sh
# prepare.sh, run inside a new image: the controller's key, a user with sudo, the lab's CAs, a quick boot.
# /prepare holds authorized_keys and certificates; it is removed at the end.
set -eu
useradd --create-home --shell /bin/bash ops
echo 'ops ALL=(ALL:ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops
chmod 440 /etc/sudoers.d/ops
for user in root ops; do
  home=$(getent passwd "$user" | cut -d: -f6)
  install -d -m 700 -o "$user" -g "$user" "$home/.ssh"
  install -m 600 -o "$user" -g "$user" /prepare/authorized_keys "$home/.ssh/authorized_keys"
done
cp /prepare/*.crt /usr/local/share/ca-certificates/
update-ca-certificates >/dev/null 2>&1
: > /etc/machine-id # systemd makes a new one at each machine's first boot
# What a container has no use for, and timers that would take the package lock at a random moment
for unit in systemd-networkd-wait-online.service systemd-resolved.service console-getty.service \
    sys-kernel-debug.mount apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    fstrim.timer; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done
rm -rf /prepare
