# bundle_key.sh: the key that goes into a bundle for dnf. Comes after shell.sh and yum_key.sh.
# Input, set before this text: APPLY yes|no, KEY_FILE (where to), PGDG_KEY, PGDG_KEY_URL, FINGERPRINT (see dnf.sh)
if [ -n "$PGDG_KEY" ]; then [ "$(cat "$KEY_FILE" 2>/dev/null)" = "$PGDG_KEY" ] && finish
elif [ -s "$KEY_FILE" ]; then finish
fi
change "key of PGDG's repositories kept in $KEY_FILE"
[ "$APPLY" = yes ] || finish
alone
[ -n "$PGDG_KEY" ] || key
put "$KEY_FILE" "$PGDG_KEY"
finish
