"""Starting things so that they end: namespaces that die with their parent, output copied as it comes, a deadline.

Three processes: the *keeper* (root, outside) holds the lock and listens for the caller's end; it starts the *worker*
as pid 1 of its own pid and mount namespaces; the worker starts each command of a build in namespaces of its own
through `entering`. When the keeper dies, the kernel kills the worker, and with it every process and every mount
below."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time

from .errors import NamespaceError, TimeoutExpired
from .worker_process import WorkerProcess

BUILD_NAMESPACES = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]


def run(command, sink, timeout=0, **options):
    """Runs a command, hands its output (stdout and stderr, bytes) to `sink(chunk)` as it comes; returns the exit code.
    Raises TimeoutExpired after `timeout` seconds (0 = never); then the command and its namespaces are dead."""
    deadline = time.monotonic() + timeout if timeout else None
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
    ) as process:
        try:
            pipe = process.stdout.fileno()
            while True:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                readable, _, _ = select.select([pipe], [], [], left)
                if not readable:
                    raise TimeoutExpired(
                        f"Timeout({timeout}) expired for command:\n # {' '.join(map(str, command[-1:]))}"
                    )
                chunk = os.read(pipe, 65536)
                if not chunk:
                    break
                sink(chunk)
            return process.wait(None if deadline is None else max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutExpired(f"Timeout({timeout}) expired") from None
        finally:
            process.kill()


def run_in_root(
    program, root, command, sink, *, uid, gid, home, environment, network, folder=None, memory=0, timeout=0
):
    """Runs `command` inside `root`, in `folder` (default: `home`): own pid, mount, ipc and uts namespaces, own
    network namespace unless `network`, no new privileges, no capabilities (a uid 0 keeps those that do not reach out
    of the chroot), and at most `memory` bytes of address space a process (0 = any). Returns its exit code. Raises
    TimeoutExpired."""
    order = {
        "root": str(root),
        "command": command,
        "uid": uid,
        "gid": gid,
        "folder": folder or home,
        "environment": environment,
        "network": network,
        "memory": memory,
    }
    return _give_order(program, order, sink, timeout)


def run_on_stage(program, stage, root, files, command, sink, *, environment):
    """Runs a program of this machine as root, likewise walled in and without network, on a stage (an empty folder is
    enough) where `/target` is `root` and `files` (path on the stage → path here) can be read. Returns its exit code."""
    order = {
        "root": str(root),
        "command": command,
        "uid": 0,
        "gid": 0,
        "folder": "/",
        "environment": environment,
        "network": False,
        "memory": 0,
        "stage": str(stage),
        "files": files,
    }
    return _give_order(program, order, sink, 0)


def _give_order(program, order, sink, timeout):
    """Starts `entering` in new namespaces. The order goes through an open file: a pipe would be too small for a long
    one."""
    namespaces = [*BUILD_NAMESPACES, *([] if order["network"] else ["--net"]), "--"]
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(order).encode())
        file.seek(0)
        return run(
            [*namespaces, sys.executable, "-I", program, "--enter", str(file.fileno())],
            sink,
            timeout,
            pass_fds=(file.fileno(),),
        )


def keep(work, lifeline):
    """Runs `work()` as the worker and returns its exit code, which is what it returns, or 128 + n when told to stop:
    by a signal n, by the line `TERM`, `INT` or `HUP` on `lifeline` (a descriptor, None for none), or by its end.
    When this returns, nothing of the worker is left."""
    told = []
    wake_reader, wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: told.append(received))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    worker = WorkerProcess(work, wake_reader, wake_writer)
    watched = [wake_reader] + ([lifeline] if lifeline is not None else [])
    while worker.poll() is None and not told:
        readable, _, _ = select.select(watched, [], [])
        if lifeline in readable:
            words = os.read(lifeline, 64).split()
            told.append({b"INT": signal.SIGINT, b"HUP": signal.SIGHUP}.get(words[-1] if words else b"", signal.SIGTERM))
        if wake_reader in readable:
            os.read(wake_reader, 512)
    if told:
        end(worker)
        return 129 if told[0] == signal.SIGHUP else 143
    if worker.returncode < 0:
        raise NamespaceError(f"the build's own process was killed by signal {-worker.returncode}")
    return worker.returncode


def end(worker):
    """Kills the first process of the worker's pid namespace; the kernel then ends all others, and `wait` returns
    after that."""
    children = []
    try:
        with open(f"/proc/{worker.pid}/task/{worker.pid}/children") as listing:
            children = listing.read().split()
    except OSError:
        pass
    for child in children:
        try:
            os.kill(int(child), signal.SIGKILL)
        except ProcessLookupError:
            pass
    if worker.wait(10) is None:
        worker.kill()
        worker.wait()
