# apt-index.sh: put before the scripts that fill an apt repository in /out.
index() { # index SUITE POOL ORIGIN LABEL: the lists of /out/POOL as /out/dists/SUITE, all but the signatures
  architecture=$(dpkg --print-architecture)
  lists=dists/$1/main/binary-$architecture
  mkdir -p "/out/$lists"
  cd /out
  apt-ftparchive packages "$2" > "$lists/Packages"
  gzip -k9 "$lists/Packages"
  o=APT::FTPArchive::Release
  apt-ftparchive -o $o::Origin="$3" -o $o::Label="$4" -o $o::Suite="$1" -o $o::Codename="$1" -o $o::Components=main \
    -o $o::Architectures="$architecture" release "dists/$1" > /tmp/Release # not into the folder that it describes
  mv /tmp/Release "dists/$1/Release"
}
PGDG='apt.postgresql.org PostgreSQL'
