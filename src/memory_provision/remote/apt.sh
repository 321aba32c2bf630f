# apt.sh: PostgreSQL, Python and what pgvector needs, by apt. Comes after shell.sh.
# Input, set before this text:
#   APPLY yes|no          SOURCE existing|pgdg|distribution|bundle   MAJOR, CODENAME, CACHE, STATE (folders)
#   BUNDLE                folder of an offline bundle, or empty: with it, apt knows nothing else
#   PACKAGES              what has to be there                 PGVECTOR, HEADERS (package names), BUILD (to compile)
#   PGDG_URL, OTHER_URL   the repository; where it may have been found by an earlier run
#   PGDG_KEY              its armored key                      SOURCES  lines of: file version sha256 url
#   CONTROL               pgvector's control file in this server's folder of extensions
#   UPGRADE yes|no        is a newer pgvector wanted?
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
KEY_FILE=/usr/share/keyrings/memory-mcp-pgdg.asc
SOURCES_FILE=/etc/apt/sources.list.d/memory-mcp-pgdg.sources
[ -z "$BUNDLE" ] || export APT_CONFIG="$BUNDLE/etc/apt.conf" # it names the bundle as the only source

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
torn() { # is a package between two states? dpkg --audit would also name those that are merely built without checksums
  [ -n "$(ls -A /var/lib/dpkg/updates 2>/dev/null)" ] ||
    dpkg-query -W -f '${db:Status-Status} ${db:Status-Eflag}\n' | grep -qvE '^(installed|config-files|not-installed) ok$'
}
candidate() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '(none)'; }
can_compile() { true; }
errors() { # dpkg says in the next line, indented, what is wrong with a package
  awk -v disk="$DISK" '/^(E|Err|W|dpkg): ?|rror:/ || / (Pre)?Depends: / || $0 ~ disk || next_one { print } { next_one = /^dpkg: error processing/ }' "$1" |
    grep -v '^W: Download is performed unsandboxed'
}
apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Acquire::http::Timeout=30 \
  -o Acquire::https::Timeout=30 -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef "$@"; }

fetch() { # fetch URL FILE SHA256
  /usr/lib/apt/apt-helper -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
    download-file "$1" "$2" "SHA256:$3" >/dev/null
}
source_url() { # a file of the Debian pool comes from this machine's mirror; a package of the same age is better
  case $1 in
  pool/*) [ -z "$have" ] && printf '%s/%s\n' \
    "$(apt-get update --print-uris 2>/dev/null | sed -n "s#^'\([^']*\)/dists/$CODENAME/InRelease'.*#\1#p" | head -n 1)" "$1" ;;
  *) echo "$1" ;;
  esac
}
fresh_lists() { # fresh_lists FOLDER: fetched into there, and read from there by what follows
  mkdir -p "$1/lists/partial"
  [ -z "$BUNDLE" ] || cat "$APT_CONFIG" >"$1/apt.conf"
  printf 'Dir::State::Lists "%s/lists"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n' "$1" >>"$1/apt.conf"
  export APT_CONFIG="$1/apt.conf"
  apt update
}

# -- what is missing
look
torn=; torn && torn=yes
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
  # written when there were no CAs yet (http stays right), or before PGDG moved this release to its archive or back
  written=$(sed -n 's/^URIs: //p' "$SOURCES_FILE" 2>/dev/null)
  for known in "$PGDG_URL" "$OTHER_URL"; do
    case $written in "$known" | "http://${known#*://}") sources=$(printf '%s' "$sources" | sed "s#^URIs: .*#URIs: $written#") ;; esac
  done
  [ "$(cat "$SOURCES_FILE" 2>/dev/null)" = "$sources" ] && [ "$(cat "$KEY_FILE" 2>/dev/null)" = "$PGDG_KEY" ] || repository=yes
fi
[ -n "$repository" ] && change "PGDG's repository for $CODENAME added ($SOURCES_FILE)"
[ -n "$torn" ] && change "interrupted installation of packages completed"
[ -n "$missing" ] && change "packages installed:$missing"
[ -n "${missing_vector:-}" ] && change "pgvector${newer:+ $(there) → $newer}, or what it is compiled from, fetched"
[ "$APPLY" = yes ] || finish

set_aside() { # what a cut-off initdb left, which would be started as if it were whole: moved, never deleted
  data=/var/lib/postgresql/$MAJOR/main conf=/etc/postgresql/$MAJOR/main
  # base/5 is the database postgres, which initdb makes last; postmaster.opts is there once a server has run
  [ -n "$(ls -A "$data" 2>/dev/null)" ] && [ ! -e "$data/postmaster.opts" ] && [ ! -e "$data/base/5" ] || return 0
  grep -qsx initdb /proc/[0-9]*/comm && return 0
  aside=/var/lib/postgresql/set-aside-$MAJOR-main-$(date +%Y%m%dT%H%M%S)
  mkdir -m 700 "$aside" && mv "$data" "$aside/data" && { [ ! -d "$conf" ] || mv "$conf" "$aside/conf"; } ||
    trouble "$data cannot be moved aside" "an initdb that was cut off left it" "move it away by hand, then run again"
}

whole_bytecode() { # on a full disk Python takes what fitted for all of it (python/cpython#126606), and cannot load it
  for python in /usr/bin/python3.[0-9] /usr/bin/python3.[0-9][0-9]; do
    [ ! -x "$python" ] || "$python" -I -S -B -X pycache_prefix=/nonexistent -c '
import glob, marshal, os, sys
for path in glob.glob(f"/usr/lib/python3*/**/*.{sys.implementation.cache_tag}.pyc", recursive=True):
    try:
        with open(path, "rb") as file:
            marshal.loads(file.read()[16:])
    except (EOFError, TypeError, ValueError):
        os.unlink(path)
' || true # a Python that does not run yet has to be unpacked first
  done
}
complete() {
  whole_bytecode
  dpkg --configure -a --force-confold && whole && return
  # where it was cut off among packages that need one another, dpkg cannot go on alone; and one whose files are there by
  # half it passes over in silence: apt gets the others, and that one again
  apt update || return
  apt --fix-broken --no-remove --no-install-recommends install && whole && return
  # on a full disk dpkg may come to a package's end and not note it: it wants that one unpacked again, but apt unpacks
  # a version again only when it is told to
  again=$(dpkg-query -W -f '${db:Status-Eflag} ${binary:Package}\n' | sed -n 's/^reinstreq //p')
  # shellcheck disable=SC2086 -- a list of words
  [ -n "$again" ] && apt --fix-broken --reinstall --no-remove --no-install-recommends install $again && whole
}
whole() { ! torn && apt-get -q check; } # and all that a package needs is there

# -- from here on things change
alone
[ -n "$torn" ] && set_aside
[ -n "$torn" ] && quietly "an interrupted installation cannot be completed" complete
if [ -n "$repository" ]; then put "$KEY_FILE" "$PGDG_KEY"; put "$SOURCES_FILE" "$sources"; fi
[ -n "$missing$repository${missing_vector:-}" ] || finish
quietly "the package lists cannot be fetched" apt update
complaints() { apt update 2>&1 | grep -E '^(E|W|Err)' | grep -v unsandboxed | tail -n 4; }
must_be_had $missing
# apt goes on without a source that does not answer: then the distribution's package would pass for PGDG's
if [ "$SOURCE" = pgdg ] && ! apt-cache policy "postgresql-$MAJOR" | grep -q -- "$CODENAME-pgdg"; then
  trouble "PGDG's repository was not read" "$(complaints)"
fi

if [ -n "${missing_vector:-}" ]; then
  mkdir -p -m 755 "$CACHE"
  best_vector; add_vector
fi
remember $missing
# shellcheck disable=SC2086 -- a list of words
[ -z "$missing" ] || quietly "packages cannot be installed" apt install --no-install-recommends $missing
if [ "${best:-}" = source ] && [ ! -e "/usr/include/postgresql/$MAJOR/server/postgres.h" ]; then
  # its dependencies (clang, llvm: 1.2 GB) are for JIT only, so it is unpacked beside instead of installed
  cd "$CACHE" && quietly "the server's headers cannot be fetched" apt download "$HEADERS"
fi
finish
