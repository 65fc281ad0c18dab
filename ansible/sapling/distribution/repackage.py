"""Turns .deb files into a dnf repository: one merged-/usr tree, one spec with a subpackage per .deb, rpmbuild,
createrepo_c."""

import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from . import content

MERGED = ("bin/", "sbin/", "lib/", "lib64/", "lib32/", "libx32/")
OWN_PACKAGES = {
    "filesystem": "Folders, links and accounts that every root needs",
    "sapling-release": "Sapling release files",
    "sapling-rpm-config": "RPM macros of Sapling",
}
OWN_PROVIDES = {
    "filesystem": ["setup", "basesystem"],
    "sapling-release": [
        "system-release = 12",
        "system-release(12)",
        "system-release(releasever) = 12",
        "sapling-release-common",
    ],
    "sapling-rpm-config": ["redhat-rpm-config", "system-rpm-config"],
}


class RepackageError(Exception):
    """A .deb is not what it should be, or rpmbuild refused the result."""


@dataclass
class Package:
    """One RPM to make."""

    name: str
    version: str
    release: str
    summary: str
    licence: str = "see /usr/share/doc"
    provides: list = field(default_factory=list)
    requires: list = field(default_factory=list)
    paths: set = field(default_factory=set)


def rpm_version(debian):
    """Debian version → (version, release). The epoch is dropped: one snapshot of one archive never compares across
    epochs."""
    upstream, _, revision = debian.partition(":")[2].rpartition("-") if ":" in debian else debian.rpartition("-")
    if not upstream:
        upstream, revision = revision, "1"
    clean = re.compile(r"[^A-Za-z0-9._+~^]")
    return clean.sub("_", upstream), clean.sub("_", revision) + ".sap" + content.RELEASE


def merged_path(path):
    """`./lib/x` → `usr/lib/x`: where a member of a .deb lies in a merged-/usr tree."""
    path = path.removeprefix("./").rstrip("/")
    return "usr/" + path if path.startswith(MERGED) else path


def requirements(depends, available):
    """Debian `Depends` value → names out of `available`: of alternatives the first that there is; versions fall
    away."""
    names = []
    for clause in filter(None, (part.strip() for part in depends.split(","))):
        choices = (re.split(r"[\s:(]", choice.strip())[0] for choice in clause.split("|"))
        name = next((choice for choice in choices if choice in available), None)
        if name and name not in names:
            names.append(name)
    return names


def read_control(deb):
    """Fields of a .deb's control file."""
    text = subprocess.run(["dpkg-deb", "--field", str(deb)], check=True, capture_output=True, text=True).stdout
    fields = {}
    for line in text.splitlines():
        if line[:1] not in (" ", "\t") and ":" in line:
            key, _, value = line.partition(":")
            fields[key] = value.strip()
    return fields


def unpack(deb, tree):
    """Unpacks a .deb into the tree; returns (paths in the tree, paths as the .deb names them)."""
    command = [
        "tar",
        "--extract",
        "--verbose",
        "--quoting-style=literal",
        "--keep-directory-symlink",
        "--no-same-owner",
        "--file=-",
    ]
    command += [f"--directory={tree}", "--wildcards", *(f"--exclude={pattern}" for pattern in content.TRIMMED)]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as source:
        done = subprocess.run(command, stdin=source.stdout, capture_output=True, text=True)
    if done.returncode != 0 or source.returncode not in (0, None):
        raise RepackageError(
            f"{deb.name} does not unpack: {done.stderr.strip()}. Remove it from the cache and try again."
        )
    named = [line.removeprefix("./").rstrip("/") for line in done.stdout.splitlines()]
    named = [path for path in named if path and path != "."]
    return {merged_path(path) for path in named}, named


def make_tree(tree, static):
    """The empty root: folders, links, our own files. Returns the own packages with their paths."""
    own = {
        name: Package(name, content.RELEASE, "1.sap12", summary, "Apache-2.0", list(OWN_PROVIDES[name]))
        for name, summary in OWN_PACKAGES.items()
    }
    for path, mode in content.FOLDERS.items():
        (tree / path).mkdir(parents=True, exist_ok=True)
        (tree / path).chmod(mode)
        own["filesystem"].paths.add(path)
    for path, target in content.LINKS.items():
        (tree / path).symlink_to(target)
        if path not in content.LINK_OWNERS or content.LINK_OWNERS[path] in own:
            own[content.LINK_OWNERS.get(path, "filesystem")].paths.add(path)
    for source in sorted(static.rglob("*")):
        path = source.relative_to(static)
        if source.is_file():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, tree / path)
            (tree / path).chmod(0o644)
            own[content.FILE_OWNERS.get(str(path), "filesystem")].paths.add(str(path))
    own["sapling-rpm-config"].requires += ["rpm", "debugedit"]
    return own


def read_packages(debs, tree):
    """Unpacks all `debs` into `tree`; returns name → Package."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        controls = dict(zip(debs, pool.map(read_control, debs)))
        chosen = {deb: control for deb, control in controls.items() if control["Package"] not in content.LEFT_OUT}
        unpacked = dict(zip(chosen, pool.map(lambda deb: unpack(deb, tree), chosen)))
    available = {control["Package"] for control in chosen.values()}
    packages = {}
    for deb, control in chosen.items():
        name = control["Package"]
        version, release = rpm_version(control["Version"])
        paths, named = unpacked[deb]
        package = Package(name, version, release, control.get("Description", name))
        package.paths = paths - set(content.FOLDERS) - set(content.LINKS)
        package.paths |= {path for path, owner in content.LINK_OWNERS.items() if owner == name}
        package.provides = [
            rpm if rpm[0] == "/" or "(" in rpm else f"{rpm} = {version}-{release}"
            for rpm in content.RPM_NAMES.get(name, [])
        ]
        package.provides += [f"/{path}" for path in named if path.startswith(("bin/", "sbin/"))]
        package.provides += pkgconfig_names(tree, package.paths)
        if name == "bash":
            package.provides += ["/bin/sh"]
        depends = ", ".join(filter(None, (control.get("Pre-Depends"), control.get("Depends"))))
        package.requires = ["filesystem", *requirements(depends, available), *content.EXTRA_REQUIRES.get(name, [])]
        packages[name] = package
    return packages


def pkgconfig_names(tree, paths):
    """`pkgconfig(zlib) = 1.2.13` for each .pc file: Debian keeps them where rpm's own generator does not look."""
    found = []
    for path in sorted(paths):
        if path.endswith(".pc"):
            version = re.search(r"^Version:\s*(\S+)", (tree / path).read_text(errors="replace"), re.M)
            name = os.path.basename(path)[:-3]
            found.append(
                f"pkgconfig({name})" + (f" = {version[1]}" if version and re.fullmatch(r"[\w.+~]+", version[1]) else "")
            )
    return found


def spec_path(path):
    """A path as %files wants it: quoted, glob characters made harmless."""
    return '"/' + re.sub(r"([\[\]*?{}])", r"[\1]", path).replace("%", "%%") + '"'


def spec_text(packages, tree, lists):
    """The spec of all packages; writes each one's file list into the folder `lists`."""
    lines = [
        "Name: sapling",
        f"Version: {content.RELEASE}",
        "Release: 1",
        "Summary: Sapling",
        "License: various",
        "AutoReqProv: no",
        "%description",
        "Sapling.",
        "",
    ]
    for package in packages:
        (lists / package.name).write_text(
            "".join(
                f"{'%dir ' if (tree / path).is_dir() and not (tree / path).is_symlink() else ''}{spec_path(path)}\n"
                for path in sorted(package.paths)
            )
        )
        lines += [
            f"%package -n {package.name}",
            f"Version: {package.version}",
            f"Release: {package.release}",
            f"Summary: {package.summary.replace('%', '%%')}",
            f"License: {package.licence}",
            "AutoReq: no",
            "AutoProv: yes",
        ]
        lines += [f"Provides: {name}" for name in package.provides]
        lines += [f"Requires: {name}" for name in package.requires]
        lines += [f"%description -n {package.name}", package.summary.replace("%", "%%"), ""]
        lines += [f"%files -n {package.name} -f {lists / package.name}", "%defattr(-,root,root,-)", ""]
        if package.name == "libc-bin":  # as glibc does it in Fedora: once per transaction that touched a library folder
            folders = "/lib /usr/lib /lib64 /usr/lib64"
            lines += [
                f"%transfiletrigger{when} -n libc-bin -P 2000000 -- {folders}\n/sbin/ldconfig\n"
                for when in ("in", "postun")
            ]
    return "\n".join(lines) + "\n"


def comps_text():
    """comps.xml with the one group that mock's `install @buildsys-build` asks for."""
    members = "".join(f"<packagereq type=\"mandatory\">{name}</packagereq>" for name in content.BUILD_GROUP)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<comps><group><id>buildsys-build</id><name>Buildsystem building group</name>'
        "<description>What rpmbuild needs</description><default>true</default><uservisible>true</uservisible>"
        f"<packagelist>{members}</packagelist></group></comps>\n"
    )


def make_repository(work, static, debs, architecture, say):
    """Makes the repository from `debs` in the folder `work`; returns its folder. `static` holds our own files."""
    tree, lists, repository = work / "tree", work / "lists", work / "repository"
    for path in (tree, lists, repository / "Packages"):
        path.mkdir(parents=True)
    say(f"unpacking {len(debs)} packages")
    own = make_tree(tree, static)
    packages = {**own, **read_packages(debs, tree)}
    spec = work / "sapling.spec"
    spec.write_text(spec_text(packages.values(), tree, lists))
    say(f"writing {len(packages)} RPMs")
    build_rpms(work, spec, tree, repository / "Packages", architecture)
    say("writing repository metadata")
    comps = work / "comps.xml"
    comps.write_text(comps_text())
    subprocess.run(
        ["createrepo_c", "--quiet", "--no-database", f"--groupfile={comps}", str(repository)],
        check=True,
        capture_output=True,
        text=True,
    )
    return repository


def build_rpms(work, spec, tree, packages, architecture):
    """Runs the host's rpmbuild on the tree as it stands."""
    macros = {
        "_topdir": work / "rpmbuild",
        "_dbpath": work / "rpmdb",
        "_rpmdir": packages,
        "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
        "buildroot": tree,
        "__spec_install_pre": "%{___build_pre}",
        "__spec_install_post": "%{nil}",
        "debug_package": "%{nil}",
        "_build_id_links": "none",
        "__check_files": "%{nil}",
        "_binary_payload": "w1T0.zstdio",
        "_buildhost": "sapling",
        "dist": ".sap12",
    }
    command = ["rpmbuild", "-bb", "--quiet", "--target", f"{architecture}-linux"]
    for key, value in macros.items():
        command += ["--define", f"{key} {value}"]
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(work), "LC_ALL": "C.UTF-8"}
    done = subprocess.run([*command, str(spec)], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RepackageError(
            f"rpmbuild failed (exit code {done.returncode}):\n"
            + "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        )
