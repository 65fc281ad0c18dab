"""The kernel's keyrings (keyrings(7)) are in no namespace of a build: who may use them reads and writes what root of
the machine and other builds keep there. Here is how a process leaves them for good.

    keyrings.py                writes the filter that refuses the calls to standard output, as bwrap --seccomp reads it
    keyrings.py run COMMAND…   runs the command with a session keyring of its own
"""

import ctypes
import errno
import os
import platform
import sys

CALLS = (b"keyctl", b"add_key", b"request_key")
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280}
KEYCTL_JOIN_SESSION_KEYRING = 1

# seccomp.h of libseccomp 2.5
ALLOW, ERRNO = 0x7FFF_0000, 0x0005_0000
CONTROL_NO_NEW_PRIVS, NOT_EQUAL = 3, 1
OTHER_ABIS = {"x86_64": (b"x86", b"x32"), "aarch64": (b"arm",), "s390x": (b"s390",)}


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp"""

    _fields_ = [
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    ]


def own_session():
    """Leaves the session keyring that was inherited for a new, empty one. Raises OSError."""
    number = SYS_KEYCTL[platform.machine()]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, KEYCTL_JOIN_SESSION_KEYRING, None) < 0 and ctypes.get_errno() != errno.ENOSYS:
        raise OSError(ctypes.get_errno(), f"a session keyring: {os.strerror(ctypes.get_errno())}")


def refuse(may_leave_session=False):
    """
    This process and all that come from it get EPERM for each call about keys, in every ABI of the machine.
    `may_leave_session`: but they may still leave their session keyring for a new one. For a process that has
    CAP_SYS_ADMIN or gets no new privileges. Raises OSError.
    """
    library, context = _filter(may_leave_session)
    _check(library.seccomp_load(context))
    library.seccomp_release(context)


def export(descriptor):
    """Writes the filter's program to a file. Raises OSError."""
    library, context = _filter(False)
    _check(library.seccomp_export_bpf(context, descriptor))


def _filter(may_leave_session):
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ALLOW))
    _check(library.seccomp_attr_set(context, CONTROL_NO_NEW_PRIVS, 0))
    library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    for abi in OTHER_ABIS.get(platform.machine(), ()):
        number = library.seccomp_arch_resolve_name(abi)
        _check(library.seccomp_arch_add(context, ctypes.c_uint32(number)))
    for call in CALLS:
        number = library.seccomp_syscall_resolve_name(call)
        # anonymous joining is keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL)
        others = ((0, KEYCTL_JOIN_SESSION_KEYRING), (1, 0)) if may_leave_session and call == b"keyctl" else ()
        for argument, value in others:
            unlike = (Comparison * 1)(Comparison(argument, NOT_EQUAL, value, 0))
            _check(library.seccomp_rule_add_array(context, ERRNO | errno.EPERM, number, 1, unlike))
        if not others:
            _check(library.seccomp_rule_add_array(context, ERRNO | errno.EPERM, number, 0, None))
    return library, context


def _check(result):
    if result < 0:
        raise OSError(-result, f"libseccomp: {os.strerror(-result)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        own_session()
        os.execvp(sys.argv[2], sys.argv[2:])
    export(sys.stdout.fileno())
