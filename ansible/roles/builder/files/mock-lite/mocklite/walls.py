"""What a process of a chroot sees: that chroot and nothing else, and kernel settings that it may read but not
change."""

import ctypes
import os

from .mounts import (
    LIBC,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    mount,
    unmount,
)

SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
SYS_CAPSET = {"x86_64": 126, "aarch64": 91, "riscv64": 91, "ppc64le": 184, "s390x": 185}
CAPABILITY_VERSION = 0x20080522
PR_CAPBSET_DROP = 24

# What scripts of packages and root's own commands need inside a chroot: to own, to change users, to chroot. None
# reaches out: no mounts, no devices, no file handles, no tracing, no network settings. Numbers are
# linux/capability.h's.
ROOT_CAPABILITIES = frozenset({
    0,  # CHOWN
    1,  # DAC_OVERRIDE
    3,  # FOWNER
    4,  # FSETID
    5,  # KILL
    6,  # SETGID
    7,  # SETUID
    8,  # SETPCAP
    10,  # NET_BIND_SERVICE
    18,  # SYS_CHROOT
    29,  # AUDIT_WRITE
    31,  # SETFCAP
})
PROGRAM_FOLDERS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
READ_ONLY_IN_PROC = ("sys", "sysrq-trigger", "irq", "bus", "fs")


def mount_proc(folder):
    """A /proc of the process's own pid namespace, in which root cannot change what belongs to the whole machine."""
    mount("proc", folder, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name in READ_ONLY_IN_PROC:
        path = f"{folder}/{name}"
        if os.path.exists(path):
            read_only(path, MS_NOSUID | MS_NODEV | MS_NOEXEC)


def read_only(path, flags=0, source=None):
    """Binds `source` (default: the path itself) at a path so that it can be read, not changed."""
    mount(source or path, path, None, MS_BIND)
    mount(None, path, None, MS_BIND | MS_REMOUNT | MS_RDONLY | flags)


def move_into(folder):
    """Makes a folder the root of this mount namespace: what was mounted elsewhere is gone for good, unlike after
    chroot(2)."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount(folder, folder, None, MS_BIND | MS_REC)
    os.chdir(folder)
    if LIBC.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b".") != 0:
        raise OSError(ctypes.get_errno(), f"pivot_root: {os.strerror(ctypes.get_errno())}", str(folder))
    unmount(".")  # the former root, which lies over the new one
    os.chdir("/")


def set_stage(stage, root, files):
    """Fills an empty folder with what rpm needs to work on `root`: that as /target, `files` (path on the stage →
    path here), the machine's programs; all but the target read-only. Nothing else of the machine is there."""
    mount("tmpfs", stage, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=16m")
    for name in PROGRAM_FOLDERS:
        _show(f"/{name}", f"{stage}/{name}")
    os.mkdir(f"{stage}/etc")
    for name in ("rpm", "ld.so.cache"):
        _show(f"/etc/{name}", f"{stage}/etc/{name}")
    for folder in ("proc", "dev", "target", "packages", "tmp", "var", "var/tmp"):
        os.mkdir(f"{stage}/{folder}")
    for path, source in files.items():
        _show(source, stage + path)
    mount(root, f"{stage}/target", None, MS_BIND | MS_REC)
    mount(f"{root}/dev", f"{stage}/dev", None, MS_BIND | MS_REC)
    mount(f"{root}/proc", f"{stage}/proc", None, MS_BIND | MS_REC)


def _show(source, path):
    """Makes something of this machine readable at a path of the stage; what is not here is not there."""
    if os.path.islink(source):
        os.symlink(os.readlink(source), path)
    elif os.path.isdir(source):
        os.mkdir(path)
        read_only(path, MS_NOSUID | MS_NODEV, source=source)
    elif os.path.exists(source):
        open(path, "xb").close()
        read_only(path, MS_NOSUID | MS_NODEV, source=source)


def bound_capabilities(kept):
    """What this process starts from now on gets no other capabilities, whatever it runs."""
    for number in range(64):
        if number not in kept:
            LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)


def hold_capabilities(kept):
    """This process itself has these capabilities left and no others."""
    mask = sum(1 << number for number in kept)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    sets = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)  # effective, permitted, inheritable, for each half
    if LIBC.syscall(SYS_CAPSET[os.uname().machine], header, sets) != 0:
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")
