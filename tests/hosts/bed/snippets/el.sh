#!/bin/sh
# el.sh ID VERSION NAME, run inside a copy of the user land: make it call itself that distribution, with rpm and dnf as
# its package managers and nothing of dpkg and apt. /prepare/rpms holds the packages of its base repository.
set -eu
id=$1 version=$2 name=$3 major=${2%%.*}
case $id in
rocky) pretty="Rocky Linux" like='rhel centos fedora' platform=el$major release="Rocky Linux release $version (Blue Onyx)" ;;
fedora) pretty="Fedora Linux" like='' platform=f$major release="Fedora release $version (Adams)" ;;
amzn) pretty="Amazon Linux" like=fedora platform=al$major release="Amazon Linux $version" ;;
esac
old_python= # older than the server needs; newer ones are packages beside it
case $id$major in rocky8 | rocky9 | amzn*) old_python=yes ;; esac
rm -f /etc/os-release /usr/lib/os-release /etc/debian_version /etc/issue /etc/issue.net
{
  printf 'NAME="%s"\nVERSION="%s"\nID="%s"\n' "$pretty" "$version" "$id"
  [ -z "$like" ] || printf 'ID_LIKE="%s"\n' "$like"
  printf 'VERSION_ID="%s"\nPLATFORM_ID="platform:%s"\nPRETTY_NAME="%s"\n' "$version" "$platform" "$release"
} > /usr/lib/os-release
ln -s ../usr/lib/os-release /etc/os-release
echo "$release" > /etc/redhat-release
for link in system "$id"; do ln -s redhat-release "/etc/$link-release"; done

# sshd is called so there
rm -f /etc/init.d/ssh /etc/systemd/system/sshd.service /etc/systemd/system/multi-user.target.wants/ssh.service
sed -i '/^Alias=/d' /usr/lib/systemd/system/ssh.service
mv /usr/lib/systemd/system/ssh.service /usr/lib/systemd/system/sshd.service
ln -s /usr/lib/systemd/system/sshd.service /etc/systemd/system/multi-user.target.wants/sshd.service

# CAs where that distribution keeps them
mkdir -p /etc/pki/tls/certs /etc/pki/ca-trust/source/anchors /etc/pki/ca-trust/extracted/pem
for bundle in /etc/pki/tls/certs/ca-bundle.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem; do
  ln -s /etc/ssl/certs/ca-certificates.crt "$bundle"
done
cat > /usr/bin/update-ca-trust <<'S'
#!/bin/sh
for f in /etc/pki/ca-trust/source/anchors/*; do
  [ ! -f "$f" ] || cp "$f" "/usr/local/share/ca-certificates/anchor-${f##*/}.crt"
done
exec update-ca-certificates >/dev/null
S
chmod 755 /usr/bin/update-ca-trust

# the interpreter of dnf: 3.6 and hidden on EL8, 3.9 on EL9 and Amazon Linux (this one says so), new enough elsewhere
if [ "$old_python" ]; then
  mkdir -p /usr/libexec
  mv /usr/bin/python3.11 /usr/libexec/platform-python
  rm -f /usr/bin/python3 /usr/bin/python
  sed -i '1s|^#!.*python.*|#!/usr/libexec/platform-python|' /usr/bin/dnf-3
fi
if [ "$old_python" ] && [ "$major" != 8 ]; then
  ln -s ../libexec/platform-python /usr/bin/python3
  cat > /etc/python3.11/sitecustomize.py <<'S'
"""Stand-in: the /usr/bin/python3 of this distribution is 3.9, and programs that ask have to hear it."""
import sys


class Version(tuple):
    major, minor, micro, releaselevel, serial = 3, 9, 21, "final", 0


if sys.executable == "/usr/bin/python3":
    sys.version_info = Version((3, 9, 21, "final", 0))
S
fi

# rpm and dnf
mkdir -p /etc/rpm /etc/yum.repos.d /var/lib/rpm /etc/pki/rpm-gpg /etc/dnf/vars /etc/dnf/modules.d \
  /etc/dnf/modules.defaults.d /usr/lib/rpm/macros.d
printf '%%_dbpath /var/lib/rpm\n%%dist .%s\n' "$platform" > /etc/rpm/macros.lab
cat > /etc/dnf/dnf.conf <<C
[main]
gpgcheck=1
installonly_limit=3
clean_requirements_on_remove=True
best=True
skip_if_unavailable=False
module_platform_id=platform:$platform
C
repositories='baseos appstream'
[ "$id" != amzn ] || repositories="$repositories amazonlinux"
for repository in $repositories; do
  cat <<R
[$repository]
name=$pretty $major - $repository
baseurl=http://mirror.lab/$name/$repository
enabled=1
gpgcheck=1
gpgkey=http://mirror.lab/keys/RPM-GPG-KEY-lab

R
done > "/etc/yum.repos.d/$id.repo"
[ -e /usr/bin/dnf ] || ln -s dnf-3 /usr/bin/dnf
ln -sf dnf /usr/bin/yum
# alternatives, where that distribution has it, with a folder of its own (Debian's lies under /var/lib/dpkg)
mkdir -p /var/lib/alternatives
printf '#!/bin/sh\nexec /usr/bin/update-alternatives --admindir /var/lib/alternatives "$@"\n' > /usr/sbin/update-alternatives
chmod 755 /usr/sbin/update-alternatives
ln -sf update-alternatives /usr/sbin/alternatives
rpm --initdb
rpm --import /prepare/rpm.asc
rpm -i /prepare/rpms/*.rpm
rm -rf /prepare

# no trace of apt and dpkg: what looks for them would find a Debian host
rm -rf /usr/bin/apt /usr/bin/apt-* /usr/bin/dpkg /usr/bin/dpkg-* /usr/lib/apt /etc/apt /var/lib/apt /var/lib/dpkg \
  /usr/share/dpkg /usr/share/debconf /var/cache/apt /var/cache/debconf /etc/dpkg
