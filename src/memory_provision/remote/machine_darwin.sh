# machine_darwin.sh: the same of a Mac; comes before machine.sh, which calls it there. Nothing here needs root, which
# Homebrew refuses. /usr/bin/python3 is never run: without the Command Line Tools it opens a window.
# Homebrew is looked for where it is, because sessions over SSH do not have it in their PATH.
darwin() {
  put os_id darwin; put os_version "$(sw_vers -productVersion)"; put os_name "macOS $(sw_vers -productVersion)"
  put kernel Darwin; put architecture "$(uname -m)"
  put uid "$(id -u)"; put user "$(id -un)"; put home "$HOME"; put shell "${SHELL:-/bin/zsh}"; put sudo no; put init launchd
  xcode-select -p >/dev/null 2>&1 && put tool cc
  case $(uname -m) in arm64) prefixes="/opt/homebrew /usr/local" ;; *) prefixes="/usr/local /opt/homebrew" ;; esac
  prefix=
  for at in $prefixes; do [ -z "$prefix" ] && [ -x "$at/bin/brew" ] && prefix=$at; done
  put brew "$prefix"
  for p in "$prefix"/opt/python@3.13/bin/python3.13 "$prefix"/opt/python@3.12/bin/python3.12 "$prefix"/opt/python@3.11/bin/python3.11; do
    [ -x "$p" ] && put python "$p $("$p" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"
  done
  INSTALL_DIR=${INSTALL_DIR:-$HOME/.local/share/memory-mcp}
  for d in "${prefix:-/}" "$INSTALL_DIR"; do
    at=$d; while [ ! -d "$at" ]; do at=$(dirname "$at"); done
    put free "$d $(df -Pk "$at" 2>/dev/null | awk 'NR == 2 {print $4}')"
  done
  [ -e "$INSTALL_DIR/current" ] && put provisioned yes
  for b in "$prefix"/opt/postgresql@*/bin /Applications/Postgres.app/Contents/Versions/[0-9]*/bin; do
    [ -x "$b/postgres" ] && put server "$("$b/postgres" --version 2>/dev/null | awk '{print $3}') $b"
  done
  for data in "$prefix"/var/postgresql@* "$HOME/Library/Application Support/Postgres"/var-*; do
    [ -r "$data/PG_VERSION" ] || continue
    pid=$(sed -n 1p "$data/postmaster.pid" 2>/dev/null); status=down
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && status=online
    port=$(sed -n 4p "$data/postmaster.pid" 2>/dev/null)
    [ -n "$port" ] || port=$(cat "$data/postgresql.conf" "$data/conf.d/memory-mcp.conf" 2>/dev/null | sed -n 's/^ *port *= *\([0-9]*\).*/\1/p' | tail -n 1)
    put cluster "$(cat "$data/PG_VERSION") main ${port:-5432} $status $(id -un) $data"
  done
  # lsof shows other users' sockets to root only; netstat shows all. Addresses end in .PORT
  netstat -anp tcp 2>/dev/null | awk '$6 == "LISTEN" {n = split($4, part, "."); print part[n]}' | sort -u | while read -r port; do put port "$port"; done
}
