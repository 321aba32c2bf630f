# apt.sh: PostgreSQL, Python and what pgvector needs, by apt. Comes after shell.sh.
# Input, set before this text:
#   APPLY yes|no          SOURCE existing|pgdg|distribution    MAJOR, CODENAME, CACHE (folder for downloads)
#   PACKAGES              what has to be there                 PGVECTOR, HEADERS (package names), BUILD (to compile)
#   PGDG_URL, PGDG_KEY    the repository, its armored key      SOURCES  lines of: file version sha256 url
#   CONTROL               pgvector's control file in this server's folder of extensions
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
KEY_FILE=/usr/share/keyrings/memory-mcp-pgdg.asc
SOURCES_FILE=/etc/apt/sources.list.d/memory-mcp-pgdg.sources
SAFE=0.8.2 # the first pgvector without CVE-2026-3172

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
candidate() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '(none)'; }
newer() { dpkg --compare-versions "${1#*:}" ge "$SAFE"; }
errors() { grep -E '^(E|Err|W|dpkg): ?|rror:' "$1" | grep -v '^W: Download is performed unsandboxed'; }
apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Acquire::http::Timeout=30 \
  -o Acquire::https::Timeout=30 -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef "$@"; }

# -- what is missing
missing=
for p in $PACKAGES; do installed "$p" || missing="$missing $p"; done
[ -e "$CONTROL" ] || missing_vector=yes
torn=; [ -n "$(ls -A /var/lib/dpkg/updates 2>/dev/null)" ] || [ -n "$(dpkg --audit 2>/dev/null | head -n 1)" ] && torn=yes
scheme=https; [ -s /etc/ssl/certs/ca-certificates.crt ] || scheme=http # the signature protects either way
uri=$PGDG_URL; case $uri in https://*) uri="$scheme://${PGDG_URL#https://}" ;; esac
sources="Types: deb
URIs: $uri
Suites: $CODENAME-pgdg
Components: main
Signed-By: $KEY_FILE"
elsewhere=$(grep -rlsE 'apt(-archive)?\.postgresql\.org' /etc/apt/sources.list /etc/apt/sources.list.d | grep -vxF "$SOURCES_FILE" | head -n 1)
repository=
if [ "$SOURCE" = pgdg ] && [ -z "$elsewhere" ]; then
  if [ -e "$SOURCES_FILE" ]; then # written when there were no CAs yet: http stays right
    grep -qxF "URIs: http://${PGDG_URL#*://}" "$SOURCES_FILE" && sources=$(printf '%s' "$sources" | sed "s#^URIs: https:#URIs: http:#")
  fi
  [ "$(cat "$SOURCES_FILE" 2>/dev/null)" = "$sources" ] && [ "$(cat "$KEY_FILE" 2>/dev/null)" = "$PGDG_KEY" ] || repository=yes
fi
[ -n "$repository" ] && change "PGDG's repository for $CODENAME added ($SOURCES_FILE)"
[ -n "$torn" ] && change "interrupted installation of packages completed"
[ -n "$missing" ] && change "packages installed:$missing"
[ -n "${missing_vector:-}" ] && change "pgvector, or what it is compiled from, fetched"
[ "$APPLY" = yes ] || finish

# -- from here on things change
alone
[ -n "$torn" ] && quietly "an interrupted installation cannot be completed" dpkg --configure -a --force-confold
if [ -n "$repository" ]; then put "$KEY_FILE" "$PGDG_KEY"; put "$SOURCES_FILE" "$sources"; fi
[ -n "$missing$repository${missing_vector:-}" ] || finish
quietly "the package lists cannot be fetched" apt update
complaints() { apt update 2>&1 | grep -E '^(E|W|Err)' | grep -v unsandboxed | tail -n 4; }
for p in $missing; do
  [ -n "$(candidate "$p")" ] || {
    why=$(complaints)
    trouble "no package source has $p" "${why:-the lists were fetched, but it is in none of them}"
  }
done
# apt goes on without a source that does not answer: then the distribution's package would pass for PGDG's
if [ "$SOURCE" = pgdg ] && ! apt-cache policy "postgresql-$MAJOR" | grep -q -- "$CODENAME-pgdg"; then
  trouble "PGDG's repository was not read" "$(complaints)"
fi

# -- pgvector: a package that is new enough, else the pinned source, else whatever package there is
fetch() { # fetch URL FILE SHA256
  /usr/lib/apt/apt-helper -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
    download-file "$1" "$2" "SHA256:$3" >/dev/null
}
pool=$(apt-get update --print-uris 2>/dev/null | sed -n "s#^'\([^']*\)/dists/$CODENAME/InRelease'.*#\1#p" | head -n 1)
source_url() { # a file of the Debian pool comes from this machine's mirror; a package of the same age is better
  case $1 in pool/*) [ -z "$have" ] && echo "${pool%/}/$1" ;; *) echo "$1" ;; esac
}
fetched=
if [ -n "${missing_vector:-}" ]; then
  mkdir -p -m 755 "$CACHE"
  have=$(candidate "$PGVECTOR")
  if [ -n "$have" ] && newer "$have"; then missing="$missing $PGVECTOR"
  else
    fetched=$(fetch_sources)
    if [ -n "$fetched" ]; then missing="$missing $BUILD"
    elif [ -n "$have" ]; then missing="$missing $PGVECTOR"
    else trouble "pgvector can be had neither as a package nor as a source" "$(cat "$CACHE/tried")" "name a mirror: --data pgvector_url=URL"
    fi
  fi
fi
# shellcheck disable=SC2086 -- a list of words
[ -z "$missing" ] || quietly "packages cannot be installed" apt install --no-install-recommends $missing
if [ -n "$fetched" ] && [ ! -e "/usr/include/postgresql/$MAJOR/server/postgres.h" ]; then
  # its dependencies (clang, llvm: 1.2 GB) are for JIT only, so it is unpacked beside instead of installed
  cd "$CACHE" && quietly "the server's headers cannot be fetched" apt download "$HEADERS"
fi
finish
