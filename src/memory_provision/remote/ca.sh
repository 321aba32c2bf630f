# ca.sh: more CAs that this machine is to trust. Comes after shell.sh.
# Input, set before this text: APPLY yes|no, CAS (certificates, PEM), FOLDER (where the system looks for them), CA_BUNDLE
# (where it keeps all that it trusts)
UPDATE=$(command -v update-ca-trust || command -v update-ca-certificates)
bodies() { awk '/-----BEGIN/ {body = ""; next} /-----END/ {print body; next} {body = body $0}'; } # one line for each
trusted=$(bodies 2>/dev/null <"$CA_BUNDLE")
missing=$(printf '%s\n' "$CAS" | bodies | while read -r body; do
  printf '%s\n' "$trusted" | grep -qxF "$body" || echo no
done)
[ -n "$missing" ] || finish
change "CAs of ca_files trusted by this machine ($FOLDER)"
[ "$APPLY" = yes ] || finish
alone
mkdir -p "$FOLDER" || trouble "$FOLDER cannot be made" "$(df -h "$(dirname "$FOLDER")" | tail -n 1)"
rm -f "$FOLDER"/memory-mcp-*.crt
# update-ca-certificates(8) wants a file for each
printf '%s\n' "$CAS" | awk -v folder="$FOLDER" '/-----BEGIN/ {n++} {print > (folder "/memory-mcp-" n ".crt")}'
chmod 644 "$FOLDER"/memory-mcp-*.crt
if [ -n "$UPDATE" ]; then quietly "the CAs cannot be added" "$UPDATE"
else put "$CA_BUNDLE" "$CAS" # the package ca-certificates, when it comes, makes this file anew from all of them
fi
finish
