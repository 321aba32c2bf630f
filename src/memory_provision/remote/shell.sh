# shell.sh: what the shell host programs share, put before each of them. POSIX sh: a bare machine has no Python yet.
# Output: the lines of remote/base.py: change, warning, trouble, facts.
export LC_ALL=C.UTF-8
[ -z "${PROXY:-}" ] || export http_proxy="$PROXY" https_proxy="$PROXY" # apt, dnf and curl go by them
# dpkg colours its errors, and JSON allows no control characters
json() { printf '%s' "$1" | sed 's/\x1b\[[0-9;]*m//g' | tr '\001-\037' ' ' | sed 's/\\/\\\\/g; s/"/\\"/g'; }
change() { printf 'change\t"%s"\n' "$(json "$1")"; }
warning() { printf 'warning\t"%s"\n' "$(json "$1")"; }
trouble() { printf 'trouble\t["%s", "%s", "%s"]\n' "$(json "$1")" "$(json "$2")" "$(json "${3:-}")"; exit 1; }
finish() { printf 'facts\t{}\n'; exit 0; } # the last line says that nothing was cut off

DISK='No space left on device|Read-only file system|Input/output error' # dpkg has the reason in a line of its own
errors() { grep -E "^(E|Err|W|dpkg): ?|rror:|$DISK" "$1"; } # the lines of a log that say what went wrong; a manager has its own
quietly() { # quietly SEEN COMMAND...: its output is shown only when it fails
  seen=$1; shift; log=$(mktemp) || trouble "no temporary file can be made" "$(df -h /tmp | tail -n 1)"
  # 9 is our lock: a server that a package starts must not keep it
  if "$@" >"$log" 2>&1 </dev/null 9>&-; then rm -f "$log"; return 0; fi
  why=$(errors "$log" | tail -n 6)
  [ -n "$why" ] || why=$(tail -n 3 "$log"); rm -f "$log"
  trouble "$seen" "$why"
}
alone() { # one run at a time changes a host (remote/base.py takes the same lock)
  exec 9>>/run/lock/memory-mcp.lock
  flock -w 900 9 || trouble "another run is still changing this host" "it holds /run/lock/memory-mcp.lock" "wait for it"
}
put() { # put FILE TEXT: beside, then renamed
  mkdir -p "$(dirname "$1")" && printf '%s\n' "$2" >"$1.new" && chmod 644 "$1.new" && sync "$1.new" && mv -f "$1.new" "$1" ||
    trouble "$1 cannot be written" "$(df -h "$(dirname "$1")" | tail -n 1)"
}
remember() { # remember PACKAGE...: deploys/uninstall.py takes away what was installed here, and nothing else
  mkdir -p "$STATE"
  for p; do grep -qxF "$p" "$STATE/packages" 2>/dev/null || echo "$p" >>"$STATE/packages"; done
}

# -- pgvector: a package that is new enough, else the pinned source, else whatever package there is
SAFE=0.8.2 # the first pgvector without CVE-2026-3172
at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; } # at_least WANTED VERSION
there() { sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" "$CONTROL" 2>/dev/null; } # the version that is installed
best_vector() { # sets best (package, source or nothing) and best_version
  have=$(candidate "$PGVECTOR" | sed 's/^[0-9]*://; s/-.*//'); best='' best_version=''
  if [ -n "$have" ] && at_least "$SAFE" "$have"; then best=package best_version=$have; return; fi
  can_compile && best_version=$(fetch_sources)
  if [ -n "$best_version" ]; then best=source
  elif [ -n "$have" ]; then best=package best_version=$have; fi
}
better() { [ -n "$best" ] && [ "$best_version" != "$(there)" ] && at_least "$(there)" "$best_version"; } # than what is there
newest() { # is there a better pgvector? Asked in a folder of our own, because a question changes nothing
  room=$(mktemp -d) || trouble "no temporary folder can be made" "$(df -h /tmp | tail -n 1)"
  (
    CACHE=$room
    fresh_lists "$room" >"$room/log" 2>&1 || { errors "$room/log" | tail -n 4; exit 1; }
    best_vector; better && echo "$best_version"; true
  )
  said=$?; rm -rf "$room"; return $said
}
look() { # sets missing (packages), missing_vector (yes, or nothing) and newer (the version to come, when one is wanted)
  missing='' missing_vector='' newer=''
  for p in $PACKAGES; do installed "$p" || missing="$missing $p"; done
  [ -e "$CONTROL" ] || missing_vector=yes
  [ "$UPGRADE" = yes ] && [ -z "$missing_vector" ] || return 0
  newer=$(newest) || trouble "the package lists cannot be fetched" "$newer"
  [ -z "$newer" ] || missing_vector=yes
}
complaints() { :; } # what a manager says of its sources, where it goes on without one that does not answer
must_be_had() { # must_be_had PACKAGE...
  for p; do
    [ -n "$(candidate "$p")" ] && continue
    why=$(complaints)
    trouble "no package source has $p" "${why:-the lists were fetched, but it is in none of them}"
  done
}
add_vector() { # adds what it takes to $missing
  case $best in
  package) missing="$missing $PGVECTOR" ;;
  source) missing="$missing $BUILD" ;;
  *)
    must_be_had $missing
    why=$(cat "$CACHE/tried" 2>/dev/null)
    trouble "pgvector can be had neither as a package nor as a source" "${why:-no package source has $PGVECTOR, or a compiler for its source}" \
      "name a mirror: --data pgvector_url=URL" ;;
  esac
}
verified() { echo "$2  $1" | sha256sum -c --status 2>/dev/null; } # verified FILE SHA256
fetch_sources() { # the first of $SOURCES (lines of: file version sha256 url) that can be had into $CACHE: its version
  printf '%s\n' "$SOURCES" >"$CACHE/sources"; : >"$CACHE/tried"
  [ -z "$BUNDLE" ] || cp "$BUNDLE"/sources/* "$CACHE" 2>/dev/null # none, where the bundle has a package
  while read -r file version sha256 url; do
    [ -n "$file" ] || continue
    url=$(source_url "$url") || continue
    if verified "$CACHE/$file" "$sha256"; then echo "$version"; return; fi
    [ -z "$BUNDLE" ] || continue # there is no network
    rm -f "$CACHE/$file.part"
    if fetch "$url" "$CACHE/$file.part" "$sha256" 2>"$CACHE/why"; then mv "$CACHE/$file.part" "$CACHE/$file"; echo "$version"; return; fi
    printf '%s: %s; ' "$url" "$(sed 's/^E: //' "$CACHE/why" | head -n 1)" >>"$CACHE/tried"
  done <"$CACHE/sources"
}
