# brew.sh: PostgreSQL, Python and what pgvector needs, by Homebrew. Comes after shell.sh; never as root.
# Input, set before this text: as apt.sh, and BREW (the program), BINDIR (the server's programs).
# Its own view of what is installed is the folder opt/, where each formula has a link: asking `brew` takes seconds, and
# `brew install` would install a keg-only formula again.
export LC_ALL=en_US.UTF-8 HOMEBREW_NO_AUTO_UPDATE=1 HOMEBREW_NO_INSTALL_CLEANUP=1 HOMEBREW_NO_ENV_HINTS=1
export HOMEBREW_NO_ANALYTICS=1 HOMEBREW_NO_INSTALLED_DEPENDENTS_CHECK=1 HOMEBREW_NO_INSTALL_UPGRADE=1 NONINTERACTIVE=1
prefix=$(dirname "$(dirname "$BREW")")
installed() { [ -e "$prefix/opt/$1" ]; }
errors() { grep -E '^(Error|curl|fatal):|rror:' "$1"; }
verified() { echo "$2  $1" | shasum -a 256 -c >/dev/null 2>&1; }
fetch() { # fetch URL FILE SHA256
  curl -fsSL --retry 2 --connect-timeout 20 --max-time 600 -o "$2" "$1" && verified "$2" "$3"
}
source_url() { echo "$1"; }
control() { # pgvector's control file in this server's folder of extensions; it has none before it is installed
  share=$("$BINDIR/pg_config" --sharedir 2>/dev/null) && echo "$share/extension/vector.control"
}
missing_control() { file=$(control); [ -z "$file" ] || [ ! -e "$file" ]; }
covered() { # is this major among those that the bottle was built for?
  "$BREW" info --json=v2 "$PGVECTOR" 2>/dev/null | tr ',[]' '\n\n\n' | grep -q "\"postgresql@$MAJOR\""
}

missing=
for p in $PACKAGES; do installed "$p" || missing="$missing $p"; done
vector=; missing_control && vector=yes
[ -n "$missing" ] && change "packages installed:$missing"
[ -n "$vector" ] && change "pgvector, or what it is compiled from, fetched"
[ "$APPLY" = yes ] || finish

[ -n "$missing$vector" ] || finish
# shellcheck disable=SC2086 -- a list of words
[ -z "$missing" ] || quietly "packages cannot be installed" "$BREW" install $missing
for p in $missing; do
  installed "$p" || trouble "$p is not in $prefix/opt after its installation" "Homebrew said nothing of it" "$BREW doctor"
done
missing_control || finish
if covered && ! installed "$PGVECTOR"; then quietly "$PGVECTOR cannot be installed" "$BREW" install "$PGVECTOR"; fi
missing_control || finish # the bottle has files for this major
xcode-select -p >/dev/null 2>&1 || trouble "there is no compiler" \
  "Homebrew's pgvector is not built for postgresql@$MAJOR, so it is compiled here" "xcode-select --install, then run again"
mkdir -p "$CACHE"
[ -n "$(fetch_sources)" ] || trouble "no source of pgvector can be had" "$(cat "$CACHE/tried")" "name a mirror: --data pgvector_url=URL"
finish
