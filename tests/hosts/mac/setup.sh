# setup.sh: a Debian machine gets what the stand-ins need: PostgreSQL as a bottle that can be moved (its programs find
# their files relative to themselves), its headers, a Python. What the real Homebrew has under lib/ is under root/ here.
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y install --no-install-recommends postgresql-15 python3 python3-venv gcc make libc6-dev curl perl ca-certificates >/dev/null
pg_dropcluster --stop 15 main
cd /tmp && apt-get -qq download postgresql-server-dev-15 && dpkg-deb -x postgresql-server-dev-15_*.deb dev
keg=/srv/bottles/postgresql@15/keg
mkdir -p $keg/root/lib/postgresql $keg/root/share/postgresql $keg/root/include $keg/bin /srv/bottles/python@3.13/keg/bin
cp -a /usr/lib/postgresql/15 $keg/root/lib/postgresql/; cp -a /usr/share/postgresql/15 $keg/root/share/postgresql/
cp -a dev/usr/lib/postgresql/15/. $keg/root/lib/postgresql/15/; cp -a dev/usr/include/. $keg/root/include/
for p in $keg/root/lib/postgresql/15/bin/*; do ln -s "../root/lib/postgresql/15/bin/$(basename "$p")" $keg/bin/; done
echo 15.18 >/srv/bottles/postgresql@15/version
ln -s /usr/bin/python3 /srv/bottles/python@3.13/keg/bin/python3.13; echo 3.13.7 >/srv/bottles/python@3.13/version
echo 17 18 >/srv/bottles/bottled
mkdir -p /opt/homebrew/bin /srv/bottles/pgvector; chown -R ops: /opt/homebrew
rm -rf /usr/lib/postgresql
