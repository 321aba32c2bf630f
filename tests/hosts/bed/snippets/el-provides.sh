#!/bin/sh
# el-provides.sh, run inside the builder with the user land at /userland: what it has, as Provides: lines of a spec:
# sonames with their symbol versions, and programs
set -eu
copies=$(mktemp -d) # elfdeps looks only at files with the x bit, which Debian's libraries lack
find /userland/usr/lib/x86_64-linux-gnu /userland/usr/lib64 -maxdepth 1 -name '*.so*' -type f \
  -exec install -m 755 -t "$copies" {} +
{
  /usr/lib/rpm/elfdeps -P "$copies"/*
  echo 'rtld(GNU_HASH)'
  for folder in bin sbin; do
    (cd "/userland/usr/$folder" && ls) | grep -v '[[ ]' | sed "s#.*#/usr/$folder/&\n/$folder/&#"
  done
} | sort -u | sed 's/^/Provides: /'
