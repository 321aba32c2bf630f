#!/bin/sh
# apt-repository.sh PGVECTOR MAJOR SUFFIX SUITE, run inside the builder: fill /out/pool and /out/dists/SUITE.
#   postgresql-MAJOR and friends   Debian's own packages with a PGDG-like version, so that a test can tell the two apart
#   postgresql-MAJOR-pgvector      built from Debian's source of PGVECTOR (version-revision)
set -eu
pgvector=$1 major=$2 suffix=$3 suite=$4
work=$(mktemp -d)
chmod 755 "$work"
mkdir -p /out/pool/main
apt-get -qq update

mkdir "$work/server"
cd "$work/server"
apt-get -qq download "postgresql-$major" "postgresql-client-$major" "postgresql-server-dev-$major" \
  libpq5 libpq-dev postgresql-common postgresql-client-common postgresql postgresql-client postgresql-contrib
# The packages that pgvector is built with are only unpacked: installed, they bring a gigabyte of LLVM
(cd "$work" && apt-get -qq download postgresql-server-dev-all)
for deb in "postgresql-client-$major"_*.deb "postgresql-server-dev-$major"_*.deb ../postgresql-server-dev-all_*.deb; do
  dpkg-deb -x "$deb" /
done
sed -i 's/^with_llvm.*/with_llvm = no/' "/usr/lib/postgresql/$major/lib/pgxs/src/Makefile.global"

cd "$work"
apt-get -qq source --download-only "pgvector=$pgvector"
dpkg-source --no-check -x pgvector_*.dsc pgvector
(
  cd pgvector
  echo "$major" > debian/pgversions
  { printf 'pgvector (%s.%s) unstable; urgency=low\n\n  * Rebuild for the test bed.\n\n' "$pgvector" "$suffix"
    printf ' -- Test bed <lab@localhost>  %s\n\n' "$(date -R)"; cat debian/changelog; } > changelog
  mv changelog debian/changelog
  pg_buildext updatecontrol
  DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -d -b -uc -us
)
mv "postgresql-$major-pgvector"_*.deb /out/pool/main/

cd "$work/server"
field() { sed -n "s/^$1: //p" unpacked/DEBIAN/control; }
for deb in *.deb; do
  rm -rf unpacked
  dpkg-deb -R "$deb" unpacked
  old=$(field Version)
  case $(field Package) in
    *-common | postgresql | postgresql-client | postgresql-contrib) new=${old%+deb12u*}.$suffix ;;
    *) new=${old%-0+deb12u*}-1.$suffix ;;
  esac
  sed -i "s/^Version: .*/Version: $new/; s/(= $old)/(= $new)/g" unpacked/DEBIAN/control
  dpkg-deb -Zgzip -z1 --root-owner-group -b unpacked "/out/pool/main/$(field Package)_${new}_$(field Architecture).deb"
done

index "$suite" pool/main $PGDG
