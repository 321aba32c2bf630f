# packages.sh: PostgreSQL, Python and what pgvector needs, by apt. POSIX sh: a bare machine may have no Python yet.
# Input, set before this text:
#   APPLY yes|no          SOURCE existing|pgdg|distribution    MAJOR, CODENAME, CACHE (folder for downloads)
#   PACKAGES              what has to be there                 PGVECTOR, HEADERS (package names), BUILD (to compile)
#   PGDG_URL, PGDG_KEY    the repository, its armored key      SOURCES  lines of: file version sha256 url
# Output: the lines of remote/base.py: change, warning, trouble.
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C.UTF-8
KEY_FILE=/usr/share/keyrings/memory-mcp-pgdg.asc
SOURCES_FILE=/etc/apt/sources.list.d/memory-mcp-pgdg.sources
CONTROL=/usr/share/postgresql/$MAJOR/extension/vector.control
SAFE=0.8.2 # the first pgvector without CVE-2026-3172

json() { printf '%s' "$1" | tr '\n\t' '  ' | sed 's/\\/\\\\/g; s/"/\\"/g'; }
change() { printf 'change\t"%s"\n' "$(json "$1")"; }
trouble() { printf 'trouble\t["%s", "%s", "%s"]\n' "$(json "$1")" "$(json "$2")" "$(json "${3:-}")"; exit 1; }
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
candidate() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '(none)'; }
newer() { dpkg --compare-versions "${1#*:}" ge "$SAFE"; }

finish() { printf 'facts\t{}\n'; exit 0; } # the last line says that nothing was cut off

quietly() { # quietly SEEN COMMAND...: its output is shown only when it fails
  seen=$1; shift; log=$(mktemp) || trouble "no temporary file can be made" "$(df -h /tmp | tail -n 1)"
  # 9 is our lock: a server that a package starts must not keep it
  if "$@" >"$log" 2>&1 </dev/null 9>&-; then rm -f "$log"; return 0; fi
  why=$(grep -E '^(E|Err|W|dpkg): ?|rror:' "$log" | grep -v '^W: Download is performed unsandboxed' | tail -n 6)
  [ -n "$why" ] || why=$(tail -n 3 "$log"); rm -f "$log"
  trouble "$seen" "$why"
}
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

# -- from here on things change; one run at a time (remote/base.py takes the same lock)
exec 9>>/run/lock/memory-mcp.lock
flock -w 900 9 || trouble "another run is still changing this host" "it holds /run/lock/memory-mcp.lock" "wait for it"
put() { # put FILE TEXT: beside, then renamed
  mkdir -p "$(dirname "$1")" && printf '%s\n' "$2" >"$1.new" && chmod 644 "$1.new" && sync "$1.new" && mv -f "$1.new" "$1" ||
    trouble "$1 cannot be written" "$(df -h "$(dirname "$1")" | tail -n 1)"
}
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
fetched=
fetch() { # fetch FILE SHA256 URL
  [ -e "$CACHE/$1" ] && echo "$2  $CACHE/$1" | sha256sum -c --status && return 0
  rm -f "$CACHE/$1.part"
  /usr/lib/apt/apt-helper -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
    download-file "$3" "$CACHE/$1.part" "SHA256:$2" >/dev/null 2>"$CACHE/why" && mv "$CACHE/$1.part" "$CACHE/$1"
}
pool=$(apt-get update --print-uris 2>/dev/null | sed -n "s#^'\([^']*\)/dists/$CODENAME/InRelease'.*#\1#p" | head -n 1)
if [ -n "${missing_vector:-}" ]; then
  mkdir -p -m 755 "$CACHE"
  have=$(candidate "$PGVECTOR")
  if [ -n "$have" ] && newer "$have"; then missing="$missing $PGVECTOR"
  else
    printf '%s\n' "$SOURCES" >"$CACHE/sources"
    while read -r file version sha256 url; do
      [ -n "$file" ] || continue
      case $url in pool/*) [ -n "$have" ] && break; url=${pool%/}/$url ;; esac # a package of the same age is better
      if fetch "$file" "$sha256" "$url"; then fetched=$version; break; fi
      tried="${tried:-}$url: $(sed -n 's/^E: //p' "$CACHE/why" | head -n 1); "
    done <"$CACHE/sources"
    if [ -n "$fetched" ]; then missing="$missing $BUILD"
    elif [ -n "$have" ]; then missing="$missing $PGVECTOR"
    else trouble "pgvector can be had neither as a package nor as a source" "$tried" "name a mirror: --data pgvector_url=URL"
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
