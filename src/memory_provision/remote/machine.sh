# machine.sh: what this machine is, in one round trip. POSIX sh; needs nothing but a shell; exits 0 always.
# Input, set before this text: PGDG_URL (no trailing slash), INSTALL_DIR, MINIMUM (the oldest server that will do).
# Output: lines of KEY<TAB>VALUE; a key may come more than once. The network is asked only when there is no server.
put() { printf '%s\t%s\n' "$1" "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }

# -- who and what
. /etc/os-release 2>/dev/null
put os_id "${ID:-}"; put os_like "${ID_LIKE:-}"; put os_version "${VERSION_ID:-}"; put os_name "${PRETTY_NAME:-}"
put os_codename "${VERSION_CODENAME:-}"
put kernel "$(uname -s)"; put architecture "$(uname -m)"
put uid "$(id -u)"; put user "$(id -un 2>/dev/null)"
if [ "$(id -u)" != 0 ] && has sudo && sudo -n true 2>/dev/null; then put sudo yes; else put sudo no; fi
if [ -d /run/systemd/system ]; then put init systemd; else put init none; fi
for tool in apt-get dnf brew; do has $tool && put tool $tool; done
# a Python in somebody's home (pyenv, conda) is no ground for a service: only the system's own count
for p in /usr/bin/python3 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 /usr/local/bin/python3; do
  [ -x $p ] && put python "$p $($p -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"
done

# -- disk: KiB free where PostgreSQL and the server will live (the nearest folder that exists)
for d in /var/lib/postgresql "$INSTALL_DIR" /etc; do
  at=$d; while [ ! -d "$at" ]; do at=$(dirname "$at"); done
  put free "$d $(df -Pk "$at" 2>/dev/null | awk 'NR == 2 {print $4}')"
done

[ -e "$INSTALL_DIR/current" ] && put provisioned yes

# -- PostgreSQL: server programs, clusters, who listens where
suitable=no
for b in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
  [ -x "$b/postgres" ] || continue
  version=$("$b/postgres" --version 2>/dev/null | awk '{print $3}')
  put server "$version $b"; [ "${version%%.*}" -ge "$MINIMUM" ] 2>/dev/null && suitable=yes
done
has pg_lsclusters && pg_lsclusters -h 2>/dev/null | while read -r major name port status owner data _; do
  put cluster "$major $name $port $status $owner $data"
done
awk '$4 == "0A" {print $2}' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u | while read -r listener; do
  put listener "$listener"   # hexadecimal address:port, as the kernel writes it
done

# -- can the package sources be reached: both asked at once, each bounded
probe() { # probe NAME URL: reads a few KB into the void
  dir=$(mktemp -d) || return
  if timeout 12 /usr/lib/apt/apt-helper -o Acquire::Retries=0 -o Acquire::http::Timeout=5 -o Acquire::https::Timeout=5 \
     download-file "$2" "$dir/answer" >/dev/null 2>"$dir/why"; then put reach "$1 yes"
  else put reach "$1 no $(sed -n 's/^E: //p' "$dir/why" | head -n 1)"; fi
  rm -rf "$dir"
}
if [ $suitable = no ] && [ -x /usr/lib/apt/apt-helper ]; then
  [ -s /etc/ssl/certs/ca-certificates.crt ] || PGDG_URL="http://${PGDG_URL#*://}"
  probe pgdg "$PGDG_URL/dists/${VERSION_CODENAME:-unknown}-pgdg/InRelease" &
  # before the first update there are no lists yet, but apt knows what it would fetch
  own=$(apt-get update --print-uris 2>/dev/null | sed -n "s#^'\([^']*/dists/${VERSION_CODENAME:-unknown}/InRelease\)'.*#\1#p" | head -n 1)
  if [ -n "$own" ]; then probe distribution "$own" & else put reach "distribution no source for ${VERSION_CODENAME:-it} in /etc/apt"; fi
  wait
fi
exit 0
