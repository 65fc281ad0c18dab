"""What Sapling holds: the packages that it is made from, the ones left out, and the RPM world's names for them."""

DEBIAN_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

# The build group. What these depend on comes along.
WANTED = (
    "bash bzip2 coreutils cpio debugedit diffutils file findutils g++ gawk gcc grep gzip hostname libc-bin make patch perl pkgconf"
    " procps python3 rpm sed tar unzip util-linux xz-utils zlib1g-dev zstd"
).split()

# Parts of Debian's own machinery: they would only ever run from maintainer scripts, which Sapling does not have.
LEFT_OUT = frozenset(
    "base-files debconf debianutils dpkg init-system-helpers libaudit-common libfile-find-rule-perl libnumber-compare-perl"
    " libtext-glob-perl readline-common sensible-utils usrmerge".split()
)

# Directories whose files a build never reads; licences (usr/share/doc/*/copyright) stay.
TRIMMED = (
    "./usr/share/man/*",
    "./usr/share/info/*",
    "./usr/share/locale/*",
    "./usr/share/lintian/*",
    "./usr/share/bug/*",
    "./usr/share/doc-base/*",
    "./usr/share/bash-completion/*",
    "./usr/share/doc/*/*.gz",
    "./usr/share/doc/*/README*",
    "./usr/share/doc/*/examples/*",
    "./usr/share/gdb/*",
    "./etc/init.d/*",
    "./etc/cron.*/*",
    "./lib/systemd/*",
    "./usr/lib/systemd/*",
)

# Debian name → names that spec files and dnf users of the RPM world ask for.
RPM_NAMES = {
    "g++": ["gcc-c++"],
    "gawk": ["/bin/awk", "/usr/bin/awk"],
    "libbz2-1.0": ["bzip2-libs"],
    "libc-bin": ["glibc-common"],
    "libc6": ["glibc", "glibc-minimal-langpack", "rtld(GNU_HASH)"],
    "libc6-dev": ["glibc-devel", "glibc-headers"],
    "libgcc-s1": ["libgcc"],
    "libstdc++-12-dev": ["libstdc++-devel"],
    "libstdc++6": ["libstdc++"],
    "linux-libc-dev": ["kernel-headers"],
    "perl": ["perl-interpreter"],
    "pkgconf": ["pkgconfig", "pkgconf-pkg-config"],
    "procps": ["procps-ng"],
    "python3": ["python3-libs"],
    "rpm": ["rpm-build", "rpm-libs"],
    "xz-utils": ["xz"],
    "zlib1g": ["zlib"],
    "zlib1g-dev": ["zlib-devel"],
}

# What Debian does without: its maintainer scripts run ldconfig, here a trigger of libc-bin does, by the shell, in every
# root.
EXTRA_REQUIRES = {"libc6": ["libc-bin"], "libc-bin": ["bash"]}

# The comps group: `dnf install @buildsys-build` gives a root in which rpmbuild works.
BUILD_GROUP = [
    "bash",
    "bzip2",
    "coreutils",
    "cpio",
    "diffutils",
    "file",
    "findutils",
    "g++",
    "gawk",
    "gcc",
    "grep",
    "gzip",
    "hostname",
    "libc-bin",
    "make",
    "patch",
    "perl",
    "pkgconf",
    "procps",
    "python3",
    "rpm",
    "sapling-release",
    "sapling-rpm-config",
    "sed",
    "tar",
    "unzip",
    "util-linux",
    "xz-utils",
    "zlib1g-dev",
    "zstd",
]

# Links that Debian's maintainer scripts (alternatives, dash, usrmerge) would have made. Path → target.
LINKS = {
    "bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64",
    "usr/bin/sh": "bash",
    "usr/bin/awk": "gawk",
    "usr/bin/cc": "gcc",
    "usr/bin/c++": "g++",
    "usr/bin/c89": "c89-gcc",
    "usr/bin/c99": "c99-gcc",
    "etc/mtab": "../proc/self/mounts",
    "etc/os-release": "../usr/lib/os-release",
    "etc/system-release": "sapling-release",
    "var/run": "../run",
    "var/lock": "../run/lock",
}
# Where a link belongs when not to the package `filesystem`.
LINK_OWNERS = {
    "usr/bin/sh": "bash",
    "usr/bin/awk": "gawk",
    "usr/bin/cc": "gcc",
    "usr/bin/c++": "g++",
    "usr/bin/c89": "gcc",
    "usr/bin/c99": "gcc",
    "etc/os-release": "sapling-release",
    "etc/system-release": "sapling-release",
}
# Folder → mode. All belong to `filesystem`.
FOLDERS = {
    **{
        path: 0o755
        for path in (
            "boot dev etc home mnt opt proc run run/lock srv sys usr usr/bin usr/include usr/lib usr/lib64 usr/libexec usr/local usr/local/bin"
            " usr/sbin usr/share usr/share/doc usr/share/man usr/share/licenses usr/src usr/lib64/pkgconfig usr/share/pkgconfig var var/cache var/lib"
            " var/lib/rpm var/log var/spool etc/rpm etc/ld.so.conf.d usr/lib/rpm usr/lib/rpm/macros.d".split()
        )
    },
    "root": 0o700,
    "tmp": 0o1777,
    "var/tmp": 0o1777,
}
# Files under root/ that belong to another package than `filesystem`.
FILE_OWNERS = {
    "usr/lib/os-release": "sapling-release",
    "etc/sapling-release": "sapling-release",
    "etc/rpm/macros.sapling": "sapling-rpm-config",
    "etc/rpmrc": "sapling-rpm-config",
    "etc/popt": "sapling-rpm-config",
}
RELEASE = "12"
