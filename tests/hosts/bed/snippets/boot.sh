#!/bin/sh
# boot.sh COMMAND ..: run systemd-nspawn, and again when the machine reboots
again=133 # its exit status for a reboot
status=$again
while [ "$status" = "$again" ]; do
  status=0
  "$@" || status=$?
done
exit "$status"
