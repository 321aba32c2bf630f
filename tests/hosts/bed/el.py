"""Machines that call themselves an RPM distribution.

Real: rpm, dnf 4, systemd, os-release, modules, signed repositories. Stand-ins: the user land below is Debian
12's, and the packages of the base repository only say what that already has.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import cache, keys, rpms
from .bootstrap import SNIPPETS, bootstrap, preparation, prepare
from .chroot import inside, inside_copy
from .command import run
from .distribution import sources

USER_LAND = (
    "systemd-sysv,dbus,openssh-server,python3,python3-venv,sudo,ca-certificates,iproute2,procps,curl,gnupg,"
    "locales,dnf,rpm,libicu72,libxml2,liblz4-1,libzstd1,libuuid1,libpam0g"
)
# NAME VERSION [PROVIDES]: packages that others require and whose files the user land has
STAND_INS = """\
glibc 2.36
bash 5.2
coreutils 9.1
shadow-utils 4.13
util-linux 2.38
systemd 252
systemd-libs 252
openssl-libs 3.0
openssh-server 9.2
sudo 1.9
chkconfig 1.24 /usr/sbin/update-alternatives, /usr/sbin/alternatives
ca-certificates 2023
gnupg2 2.2
curl 7.88
dnf 4.14
rpm 4.18
libicu 72
lz4-libs 1.9
libzstd 1.5
libxml2 2.9
pam 1.5
"""
DIST = {"fedora": "fc", "amzn": "amzn"}  # in front of the release, at the end of a package's version
NEWER_PYTHONS = ("3.11", "3.12")  # packages of EL8, EL9 and Amazon Linux
PROVIDES, TRANSFORM = SNIPPETS / "el-provides.sh", SNIPPETS / "el.sh"


@dataclass(frozen=True)
class Release:
    """One distribution; its `name` is the image's."""

    name: str
    id: str
    version: str

    @property
    def major(self) -> int:
        """8, 9, 10; 42; 2023."""
        return int(self.version.split(".")[0])

    @property
    def dist(self) -> str:
        """The end of its own packages' versions."""
        return f".{DIST.get(self.id, 'el')}{self.major}"

    @property
    def pgdg(self) -> bool:
        """Whether PGDG has packages for it."""
        return self.id != "amzn"

    @property
    def modular(self) -> bool:
        """Whether its repositories have modules: EL10 and Fedora 42 dropped them."""
        return self.id == "rocky" and self.major <= 9

    @property
    def old_python(self) -> bool:
        """Whether its python3 is older than 3.10, and newer ones are to be had beside it."""
        return self.modular or self.id == "amzn"

    def stand_ins(self) -> str:
        """Its base packages as userland.spec reads them."""
        own = f"{self.id}-release {self.version} system-release = {self.version}, "
        own += f"system-release(releasever) = {self.major}, redhat-release = {self.version}, "
        own += "/etc/redhat-release, /etc/os-release\n"
        return own + STAND_INS + ("platform-python 3.9\n" if self.old_python else "python3 3.12\n")

    def modules(self) -> str:
        """Its PostgreSQL modules. EL8 has a default stream, which hides PGDG's packages; EL9 has none."""
        if not self.modular:
            return ""
        text = re.sub("el9", f"el{self.major}", (rpms.SPECS / "modules.yaml").read_text())
        return text if self.major == 8 else text.split("---\ndocument: modulemd-defaults")[0]


RELEASES = {
    r.name: r
    for r in (
        Release("el8", "rocky", "8.10"),
        Release("el9", "rocky", "9.6"),
        Release("el10", "rocky", "10.0"),
        Release("fedora", "fedora", "42"),
        Release("amazon", "amzn", "2023"),
    )
}


def of_pgdg() -> list[str]:
    """The images of those that PGDG has packages for."""
    return sorted(name for name, release in RELEASES.items() if release.pgdg)


def user_land() -> Path:
    """The Debian root folder that all of them stand on."""
    return cache.artifact("el-userland", _build_user_land, USER_LAND, *sources("bookworm"), *preparation())


def _build_user_land(root: Path) -> None:
    bootstrap("bookworm", root, USER_LAND)
    prepare(root)


def repositories(name: str) -> Path:
    """Document root of the distribution's own repositories: NAME/baseos, NAME/appstream, and their key."""
    release = RELEASES[name]
    specs = [rpms.SPECS / f"{spec}.spec" for spec in ("userland", "python", "appstream")]
    return cache.artifact(
        f"{name}-repositories",
        partial(_build_repositories, release),
        release.stand_ins(),
        release.modules(),
        *specs,
        PROVIDES,
        keys.public(keys.RPM),
        user_land().name,
    )


def _build_repositories(release: Release, root: Path) -> None:
    base, app = root / release.name / "baseos", root / release.name / "appstream"
    base.mkdir(parents=True)
    app.mkdir()
    (root / "keys").mkdir()
    shutil.copy(keys.public(keys.RPM), root / "keys" / "RPM-GPG-KEY-lab")
    lists = root / "lists"
    lists.mkdir()
    (lists / "stand-ins").write_text(release.stand_ins())
    places = {user_land(): "/userland"}
    provides = inside_copy(rpms.workshop(), "sh", "-s", binds=places, input=PROVIDES.read_text())
    (lists / "provides").write_text(provides.stdout)
    defines = {"dist": release.dist, "_binary_payload": "w1.gzdio"}
    named = {"provides": "/lists/provides", "standins": "/lists/stand-ins"}
    rpms.build("userland", base, {**defines, **named}, binds={lists: "/lists"})
    shutil.rmtree(lists)
    if release.pgdg:
        rpms.build("appstream", app, defines)
    for python in NEWER_PYTHONS if release.old_python else ():
        rpms.build("python", app, {**defines, "py": python})
    rpms.sign(root)
    rpms.index(base)
    rpms.index(app, release.modules())


def image(name: str) -> Path:
    """The root folder that machines of this distribution boot from."""
    release = RELEASES[name]
    return cache.artifact(
        name,
        partial(_build_image, release),
        release.name,
        release.version,
        TRANSFORM,
        user_land().name,
        repositories(name).name,
    )


def _build_image(release: Release, root: Path) -> None:
    run("cp", "-a", f"{user_land()}/.", root)
    given = root / "prepare"
    shutil.copytree(repositories(release.name) / release.name / "baseos", given / "rpms")
    shutil.copy(keys.public(keys.RPM), given / "rpm.asc")
    arguments = (release.id, release.version, release.name)
    inside(root, "sh", "-s", *arguments, input=TRANSFORM.read_text())
