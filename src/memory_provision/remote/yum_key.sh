# yum_key.sh: the key of PGDG's yum repositories. Comes after shell.sh.
key() { # PGDG signs each architecture with a key of its own; the pinned fingerprint says which
  command -v gpg >/dev/null || quietly "gpg, which checks the repository's key, cannot be installed" dnf install gnupg2
  room=$(mktemp -d) || trouble "no temporary folder can be made" "$(df -h /tmp | tail -n 1)"
  curl -fsSL --retry 3 --connect-timeout 10 --max-time 60 -o "$room/key" "$PGDG_KEY_URL" 2>"$room/why" ||
    trouble "the repository's key cannot be fetched" "$PGDG_KEY_URL: $(tail -n 1 "$room/why")" ""
  seen=$(gpg --homedir "$room" --batch --show-keys --with-colons "$room/key" 2>/dev/null |
    awk -F: '$1 == "pub" {primary = 1} $1 == "fpr" && primary {print $10; primary = 0}' | tr '\n' ' ')
  PGDG_KEY=$(cat "$room/key"); rm -rf "$room"
  [ "${seen% }" = "$FINGERPRINT" ] && return
  [ -n "$FINGERPRINT" ] || { warning "key ${seen% } of $PGDG_KEY_URL is trusted because https says so: none is pinned for this system"; return; }
  trouble "the key of PGDG's repository is not the pinned one: $PGDG_KEY_URL has ${seen:-no key}" \
    "expected $FINGERPRINT: another mirror's key, a new one of PGDG, or somebody in between" \
    "for a mirror with a key of its own: --data pgdg_yum_key=FILE; verification is never switched off"
}
