#!/bin/sh
# by_hand.sh: the main job as a plain script for one bare Debian 12, run on that machine as root; what
# bench/main_job.py compares the toolkit with. No checks, no second run, no refusals, no clean-up: just the steps.
# Needs beside it: memory_mcp-*.whl, server.txt (pinned dependencies), migrations/
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export DEBIAN_FRONTEND=noninteractive

# PostgreSQL and Python
apt-get update -q
apt-get install -y -q --no-install-recommends postgresql-15 postgresql-client-15 python3 python3-venv \
  ca-certificates gcc make libc6-dev

# pgvector, compiled against that server (its headers unpacked beside: the package would bring 1.2 GB of clang)
work=$(mktemp -d) && cd "$work" && chmod 755 .
pool=$(apt-get update --print-uris | sed -n "s#^'\([^']*\)/dists/bookworm/InRelease'.*#\1#p")
/usr/lib/apt/apt-helper download-file "$pool/pool/main/p/pgvector/pgvector_0.8.0.orig.tar.gz" pgvector.tar.gz \
  SHA256:867a2c328d4928a5a9d6f052cd3bc78c7d60228a9b914ad32aa3db88e9de27b0
tar xzf pgvector.tar.gz
apt-get download -q postgresql-server-dev-15
dpkg-deb -x postgresql-server-dev-15_*.deb dev
make -s -j2 -C pgvector-0.8.0 OPTFLAGS= with_llvm=no CPPFLAGS="-I$work/dev/usr/include/postgresql/15/server"
make -s -C pgvector-0.8.0 install OPTFLAGS= with_llvm=no

# role, database, extensions
password=$(head -c 18 /dev/urandom | base64 | tr '+/' '-_')
cd / && su postgres -c 'psql -Xq -v ON_ERROR_STOP=1' <<SQL
CREATE ROLE memory_user LOGIN PASSWORD '$password';
CREATE DATABASE memory_default OWNER memory_user ENCODING 'UTF8' TEMPLATE template0 LOCALE 'C.UTF-8';
\c memory_default
CREATE EXTENSION vector;
CREATE EXTENSION pgcrypto;
SQL

# the server
useradd --system --no-create-home memory-mcp
python3 -m venv /opt/memory-mcp
/opt/memory-mcp/bin/pip install -q --cert /etc/ssl/certs/ca-certificates.crt --require-hashes -r "$here/server.txt"
/opt/memory-mcp/bin/pip install -q --no-deps "$here"/memory_mcp-*.whl

# configuration
mkdir -p /etc/memory-mcp/config && cd /etc/memory-mcp && umask 027
cat >config/projects.json <<JSON
{"local": {"databaseUrl": "postgresql://memory_user:$password@localhost:5432/memory_default"}}
JSON
cat >.env <<ENV
MEMORY_BACKEND=postgres
MEMORY_POSTGRES_PROJECT_REGISTRY=/etc/memory-mcp/config/projects.json
MEMORY_ACTIVE_PROJECT=local
ENV
chgrp -R memory-mcp /etc/memory-mcp

# schema and smoke test
printf 'localhost:5432:memory_default:memory_user:%s\n' "$password" >/root/.pgpass && chmod 600 /root/.pgpass
for migration in "$here"/migrations/*.sql; do
  psql -Xq -v ON_ERROR_STOP=1 -h localhost -U memory_user -d memory_default -f "$migration"
done
runuser -u memory-mcp -- /opt/memory-mcp/bin/memory-mcp smoke --env-file /etc/memory-mcp/.env
