"""The way into a chroot: what runs inside the namespaces of one command, before that command and around it. It is
started for each command of a build, so it loads as little as it can."""

import fcntl
import json
import os
import resource
import socket
import struct

from . import walls
from .ending import die_with_parent
from .mounts import LIBC

PR_SET_NO_NEW_PRIVS = 38
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def enter(descriptor):
    """Inside the new namespaces, as root: the last preparations, then the command in the place of this process. Does
    not return."""
    with os.fdopen(descriptor, "rb") as file:
        order = json.loads(file.read())
    root, uid = order["root"], order["uid"]
    socket.sethostname("mock")
    if not order["network"]:
        raise_loopback()
    walls.mount_proc(f"{root}/proc")
    if "stage" in order:
        walls.set_stage(order["stage"], root, order["files"])
    walls.move_into(order.get("stage", root))
    kept = walls.ROOT_CAPABILITIES if uid == 0 else frozenset()
    walls.bound_capabilities(kept)
    os.setgroups([])
    os.setresgid(order["gid"], order["gid"], order["gid"])
    os.setresuid(uid, uid, uid)
    walls.hold_capabilities(kept)
    _become(order)


def _become(order):
    """Runs the order's command as the only child of this process, which is pid 1 of its namespace. Does not return."""
    die_with_parent(start=True)
    LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.umask(0o022)
    if order["memory"]:
        resource.setrlimit(resource.RLIMIT_AS, (order["memory"], order["memory"]))
    child = os.fork()
    if child == 0:
        try:
            os.chdir(order["folder"])
            os.execvpe(order["command"][0], order["command"], order["environment"])
        except OSError as problem:
            print(f"{problem.filename or order['command'][0]}: {problem.strerror}", flush=True)
            os._exit(127)
    os._exit(reap_until(child))


def reap_until(child):
    """The duty of pid 1: collects whatever ends, until `child` does; returns its exit code as a shell would. Its end
    ends the rest."""
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def raise_loopback():
    """`ip link set lo up` without the program: test suites talk to themselves over 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
