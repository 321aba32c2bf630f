#!/bin/sh
# boot.sh CGROUP.PROCS[:CGROUP.PROCS] COMMAND ..: enter these cgroups, run systemd-nspawn, again when the machine reboots
IFS=:
for procs in $1; do echo $$ > "$procs"; done
unset IFS
shift
again=133 # systemd-nspawn's exit status for a reboot
status=$again
while [ "$status" = "$again" ]; do
  status=0
  "$@" || status=$?
done
exit "$status"
