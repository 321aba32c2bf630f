#!/bin/sh
# python-apart.sh VERSION, run inside the builder: fill /out with Debian 12's Python VERSION as /opt/pythonVERSION, which
# has every library that it needs in there with it, the C library and its loader, too: it runs on any older release.
set -eu
version=$1
home=/opt/python$version
apt-get -qq update
apt-get -qq install -y --no-install-recommends patchelf > /dev/null
work=$(mktemp -d)
cd "$work"
apt-get -qq download "python$version" "python$version-minimal" "libpython$version-minimal" "libpython$version-stdlib" \
  "python$version-venv" python3-pip-whl python3-setuptools-whl libc6 libgcc-s1 libstdc++6 libexpat1 zlib1g libssl3 \
  libffi8 libbz2-1.0 liblzma5 libuuid1 libsqlite3-0
mkdir -p "/out$home" /out/usr/share
for deb in *.deb; do dpkg-deb -x "$deb" "/out$home"; done
mv "/out$home/usr/share/python-wheels" /out/usr/share # Debian's ensurepip looks there, wherever it is itself
libraries=$home/lib/x86_64-linux-gnu
patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" \
  --force-rpath --set-rpath "$libraries:$home/usr/lib/x86_64-linux-gnu" "/out$home/usr/bin/python$version"
rm -rf "/out$home/usr/share" "/out$home/etc" "/out$home/var"
