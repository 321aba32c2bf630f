#!/bin/sh
# archive.sh RELEASE PGVECTOR OLDER PACKAGE..., run inside the builder: fill /out/pool and /out/dists/RELEASE with all that a
# machine of the image in /image fetches to have PACKAGE... or an older PostgreSQL, which the release OLDER has. The
# files are Debian's, packed with zstd instead of xz.
set -eu
release=$1 pgvector=$2 older=$3
shift 3
work=$(mktemp -d)
chmod 755 "$work"
mkdir -p /out/pool/main "$work/partial"
lists=/etc/apt/sources.list.d/older.list
grep "^deb .* $release " /etc/apt/sources.list | sed "s/ $release / $older /" > $lists
apt-get -qq update

cd "$work"
apt-get -qq -y -o Dir::State::status=/image/var/lib/dpkg/status -o Dir::Cache::archives="$work" \
  --download-only --no-install-recommends install "$@" >/dev/null
apt-get -qq download postgresql-server-dev-15 # its headers are unpacked, without the compilers that it depends on
for deb in *.deb; do
  rm -rf unpacked
  dpkg-deb -R "$deb" unpacked
  dpkg-deb -Zzstd -z1 -b unpacked "/out/pool/main/$(echo "$deb" | sed 's/%3a/-/')" >/dev/null
done

mkdir -p /out/pool/main/p/pgvector
cd /out/pool/main/p/pgvector
apt-get -qq source --download-only "pgvector=$pgvector"
rm $lists

index "$release" pool/main Debian Debian
