# machine.sh: what this machine is, in one round trip. POSIX sh; needs nothing but a shell; exits 0 always.
# Input, set before this text: PGDG_APT_URL, PGDG_ARCHIVE_URL, PGDG_YUM_URL (no trailing slash), INSTALL_DIR (empty:
# the default), WANTED (the major version asked for, or empty), MINIMUM (the oldest server that will do), SOURCE
# (postgres_source), PROBE (is the network asked what can be had: auto, where there is no such server; always; never),
# CAS (more CAs to trust, PEM), PROXY.
# Output: lines of KEY<TAB>VALUE; a key may come more than once.
PATH=$PATH:/usr/sbin:/sbin # not every user's has them
put() { printf '%s\t%s\n' "$1" "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }

if [ "$(uname -s)" = Darwin ]; then darwin; exit 0; fi # machine_darwin.sh

# -- who and what
[ -r /etc/os-release ] && . /etc/os-release
put os_id "${ID:-}"; put os_like "${ID_LIKE:-}"; put os_version "${VERSION_ID:-}"; put os_name "${PRETTY_NAME:-}"
put os_codename "${VERSION_CODENAME:-}"
put kernel "$(uname -s)"; put architecture "$(uname -m)"
put uid "$(id -u)"; put user "$(id -un 2>/dev/null)"; put home "$HOME"; put path "$PATH"
root() { "$@"; }
if [ "$(id -u)" != 0 ]; then
  if has sudo && sudo -n true 2>/dev/null; then put sudo yes; root() { sudo -n "$@"; }; else put sudo no; root() { false; }; fi
fi
if [ -d /run/systemd/system ]; then put init systemd; else put init none; fi
has getenforce && put selinux "$(getenforce)"
for tool in apt-get dnf brew; do has $tool && put tool $tool; done
# a Python in somebody's home (pyenv, conda) is no ground for a service: only the system's own count
for p in /usr/bin/python3 /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 /usr/local/bin/python3; do
  [ -x $p ] && put python "$p $($p -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"
done

# -- disk: KiB free where PostgreSQL and the server will live (the nearest folder that exists)
case " ${ID:-} ${ID_LIKE:-} " in *debian*) databases=/var/lib/postgresql ;; *) databases=/var/lib/pgsql ;; esac
if [ "$SOURCE" != embedded ] && root true; then INSTALL_DIR=${INSTALL_DIR:-/opt/memory-mcp}; user=no
else INSTALL_DIR=${INSTALL_DIR:-$HOME/.local/share/memory-mcp}; user=yes; fi
free() { # free FOLDER
  at=$1; while [ ! -d "$at" ]; do at=$(dirname "$at"); done
  put free "$1 $(df -Pk "$at" 2>/dev/null | awk 'NR == 2 {print $4}')"
}
free "$INSTALL_DIR"; [ $user = yes ] || { free $databases; free /etc; }

[ -e "$INSTALL_DIR/current" ] && put provisioned yes

# -- PostgreSQL: server programs, clusters, who listens where
suitable=no
for b in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/bin; do
  [ -x "$b/postgres" ] || continue
  version=$("$b/postgres" --version 2>/dev/null | awk '{print $3}')
  put server "$version $b"; major=${version%%.*}
  [ "$major" -ge "$MINIMUM" ] 2>/dev/null && [ "${WANTED:-$major}" = "$major" ] && suitable=yes
done
has pg_lsclusters && pg_lsclusters -h 2>/dev/null | while read -r major name port status owner data _; do
  put cluster "$major $name $port $status $owner $data"
done
# the RHEL family has one cluster for each folder; its port is that of the running server, else the file's last word
for data in $(root sh -c 'ls -d /var/lib/pgsql/*/data /var/lib/pgsql/data' 2>/dev/null); do
  major=$(root cat "$data/PG_VERSION" 2>/dev/null) || continue
  pid=$(root sed -n 1p "$data/postmaster.pid" 2>/dev/null); status=down
  [ -n "$pid" ] && [ -d "/proc/$pid" ] && status=online
  port=$(root sed -n 4p "$data/postmaster.pid" 2>/dev/null)
  [ -n "$port" ] || port=$(root cat "$data/postgresql.conf" "$data/conf.d/memory-mcp.conf" 2>/dev/null | sed -n 's/^ *port *= *\([0-9]*\).*/\1/p' | tail -n 1)
  put cluster "$major main ${port:-5432} $status postgres $data"
done
awk '$4 == "0A" {print $2}' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u | while read -r listener; do
  put listener "$listener"   # hexadecimal address:port, as the kernel writes it
done
for data in "$INSTALL_DIR"/postgres/*/data; do
  [ -e "$data/PG_VERSION" ] && put embedded "$(cat "$data/PG_VERSION")"
done
[ -e "$INSTALL_DIR/postgres/port" ] && put embedded_port "$(cat "$INSTALL_DIR/postgres/port")"

# -- can the package sources be reached: all asked at once, each bounded
[ -z "$PROXY" ] || export http_proxy="$PROXY" https_proxy="$PROXY"
cas='' # a file with the CAs of this machine and ours, which are not here yet
if [ -n "$CAS" ] && [ "$PROBE" != never ]; then
  cas=$(mktemp) && cat /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt 2>/dev/null >"$cas"
  printf '%s\n' "$CAS" >>"$cas"; chmod 644 "$cas"; trap 'rm -f "$cas"' EXIT
fi
by_apt() { # by_apt NAME URL: reads a few KB into the void
  dir=$(mktemp -d) || return
  if timeout 12 /usr/lib/apt/apt-helper -o Acquire::Retries=0 -o Acquire::http::Timeout=5 -o Acquire::https::Timeout=5 \
     ${cas:+-o Acquire::https::CAInfo="$cas"} download-file "$2" "$dir/answer" >/dev/null 2>"$dir/why"; then put reach "$1 yes"
  else put reach "$1 no $(sed -n 's/^E: //p' "$dir/why" | head -n 1)"; fi
  rm -rf "$dir"
}
by_curl() { # by_curl NAME URL
  if why=$(curl -fsSL ${cas:+--cacert "$cas"} --connect-timeout 5 --max-time 12 -o /dev/null "$2" 2>&1); then put reach "$1 yes"
  else put reach "$1 no ${why:-no answer}"; fi
}
by_dnf() { # by_dnf NAME: does any of its own repositories answer?
  if why=$(timeout 60 dnf -q ${cas:+--setopt=sslcacert="$cas"} makecache 2>&1); then put reach "$1 yes"; else put reach "$1 no $(echo "$why" | tail -n 1)"; fi
}
case $PROBE$suitable$user in never* | autoyes* | auto*yes) exit 0 ;; esac
if [ -x /usr/lib/apt/apt-helper ]; then
  if [ -z "$CAS" ] && [ ! -s /etc/ssl/certs/ca-certificates.crt ]; then # the signatures protect either way
    PGDG_APT_URL="http://${PGDG_APT_URL#*://}"; PGDG_ARCHIVE_URL="http://${PGDG_ARCHIVE_URL#*://}"
  fi
  by_apt pgdg "$PGDG_APT_URL/dists/${VERSION_CODENAME:-unknown}-pgdg/InRelease" &
  by_apt archive "$PGDG_ARCHIVE_URL/dists/${VERSION_CODENAME:-unknown}-pgdg/InRelease" &
  # before the first update there are no lists yet, but apt knows what it would fetch
  own=$(apt-get update --print-uris 2>/dev/null | sed -n "s#^'\([^']*/dists/${VERSION_CODENAME:-unknown}/InRelease\)'.*#\1#p" | head -n 1)
  if [ -n "$own" ]; then by_apt distribution "$own" & else put reach "distribution no source for ${VERSION_CODENAME:-it} in /etc/apt"; fi
elif has dnf; then
  case ${ID:-} in fedora) folder=fedora/fedora-$VERSION_ID ;; *) folder=redhat/rhel-${VERSION_ID%%.*} ;; esac
  if [ "${ID:-}" = amzn ]; then put reach "pgdg no it has no packages for this system"; by_dnf distribution &
  else by_curl pgdg "$PGDG_YUM_URL/${WANTED:-$MINIMUM}/$folder-$(uname -m)/repodata/repomd.xml" & fi
fi
wait
exit 0
