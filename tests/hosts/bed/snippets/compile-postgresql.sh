#!/bin/sh
# compile-postgresql.sh MAJOR PGVECTOR, run inside the builder: PostgreSQL and pgvector from Debian's sources, laid out
# for /usr/pgsql-MAJOR as in PGDG's RPMs: /out/server, /out/contrib, /out/pgvector and /out/version.
# -O0: it has to work, not to be fast.
set -eu
major=$1 pgvector=$2 prefix=/usr/pgsql-$1
work=$(mktemp -d)
chmod 755 "$work"
cd "$work"
apt-get -qq update
apt-get -qq source --download-only "postgresql-$major/bookworm" "pgvector=$pgvector"
dpkg-source --no-check -x postgresql-*.dsc server
dpkg-source --no-check -x pgvector_*.dsc pgvector

cd server
./configure -q CFLAGS="-O0 -pipe" --prefix="$prefix" --sysconfdir=/etc/sysconfig/pgsql --with-openssl --with-icu \
  --with-lz4 --with-zstd --with-libxml --with-systemd --with-pam --with-uuid=e2fs \
  --with-system-tzdata=/usr/share/zoneinfo
make -s -j"$(nproc)"
make -s -j"$(nproc)" -C contrib
make -s install DESTDIR=/out/server
make -s -C contrib install DESTDIR=/out/contrib
sed -n "s/^PACKAGE_VERSION='\(.*\)'/\1/p" config.log > /out/version

mkdir -p "$prefix"
mount --bind "/out/server$prefix" "$prefix" # seen by this build only
cd ../pgvector
make -s -j"$(nproc)" OPTFLAGS="" PG_CONFIG="$prefix/bin/pg_config"
make -s install OPTFLAGS="" PG_CONFIG="$prefix/bin/pg_config" DESTDIR=/out/pgvector
