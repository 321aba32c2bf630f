# dnf.sh: PostgreSQL, Python and pgvector, by dnf. Comes after shell.sh and yum_key.sh.
# Input, set before this text:
#   APPLY yes|no          SOURCE existing|pgdg|distribution|bundle   MAJOR, CACHE, STATE (folders), PORT
#   BUNDLE                folder of an offline bundle, or empty: with it, dnf knows nothing else
#   PACKAGES              what has to be there                 PGVECTOR, HEADERS (package names), BUILD (to compile)
#   REPOSITORY            the text of its .repo file           PGDG_FOLDER  this release there (redhat/rhel-9-x86_64)
#   PGDG_KEY              the mirror's armored key, or empty: then it is PGDG_KEY_URL's, if FINGERPRINT is its
#   SOURCES               lines of: file version sha256 url    CONTROL  pgvector's control file
#   UPGRADE yes|no        is a newer pgvector wanted?
KEY_FILE=/etc/pki/rpm-gpg/memory-mcp-pgdg.asc
REPO_FILE=/etc/yum.repos.d/memory-mcp-pgdg.repo

installed() { rpm -q "$1" >/dev/null 2>&1 || rpm -q --whatprovides "$1" >/dev/null 2>&1; }
candidate() { dnf -q repoquery --latest-limit 1 --qf '%{version}' "$1" 2>/dev/null | tail -n 1; }
can_compile() { [ -n "$(candidate gcc)" ]; }
errors() { grep -E '^(Error|Problem|Failed|Public key|GPG|No match|\[MIRROR\])|^ +[^ ]|rror:|FAILED' "$1"; }
dnf() { # of a bundle, the lists were verified when it was made; each package's signature is verified here again
  [ -z "$BUNDLE" ] || set -- -C --setopt=cachedir="$BUNDLE/cache" --setopt=reposdir="$BUNDLE/etc" --setopt=keepcache=1 \
    --setopt=install_weak_deps=False "$@"
  command dnf -y --setopt=retries=3 --setopt=timeout=30 "$@"
}
enforcing() { [ "$(getenforce 2>/dev/null)" = Enforcing ]; }

fetch() { # fetch URL FILE SHA256
  curl -fsSL --retry 2 --connect-timeout 10 --max-time 300 -o "$2" "$1" && { verified "$2" "$3" || { echo "not the file that is pinned: sha256" >&2; false; }; }
}
source_url() { case $1 in pool/*) false ;; *) echo "$1" ;; esac; } # Debian's pool is not here
fresh_lists() { dnf makecache --refresh; }

# -- what is missing
# a port of its own has to be told to SELinux, which takes semanage
enforcing && [ "$PORT" != 5432 ] && ! command -v semanage >/dev/null && PACKAGES="$PACKAGES policycoreutils-python-utils"
look
elsewhere=$(grep -lsE "^\[pgdg$MAJOR\]" /etc/yum.repos.d/*.repo | head -n 1)
repository=
if [ "$SOURCE" = pgdg ] && [ -z "$elsewhere" ]; then
  [ "$(cat "$REPO_FILE" 2>/dev/null)" = "$REPOSITORY" ] && [ -s "$KEY_FILE" ] || repository=yes
  [ -z "$PGDG_KEY" ] || [ "$(cat "$KEY_FILE" 2>/dev/null)" = "$PGDG_KEY" ] || repository=yes
fi
[ -n "$repository" ] && change "PGDG's repository for $PGDG_FOLDER added ($REPO_FILE)"
[ -n "$missing" ] && change "packages installed:$missing"
[ -n "${missing_vector:-}" ] && change "pgvector${newer:+ $(there) → $newer}, or what it is compiled from, fetched"
[ "$APPLY" = yes ] || finish

# -- from here on things change
alone
if [ -n "$repository" ]; then
  [ -n "$PGDG_KEY" ] || key
  put "$KEY_FILE" "$PGDG_KEY"; put "$REPO_FILE" "$REPOSITORY"
fi
[ -n "$missing$repository${missing_vector:-}" ] || finish

if [ -n "${missing_vector:-}" ]; then
  mkdir -p -m 755 "$CACHE"
  quietly "the package lists cannot be fetched" dnf makecache
  BUILD="$BUILD $HEADERS"
  best_vector; add_vector
fi
remember $missing
# shellcheck disable=SC2086 -- a list of words
[ -z "$missing" ] || quietly "packages cannot be installed" dnf install $missing
[ "${best:-}" != package ] || [ -z "${newer:-}" ] || quietly "pgvector cannot be upgraded" dnf upgrade "$PGVECTOR"
finish
