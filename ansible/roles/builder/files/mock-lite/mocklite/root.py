"""The chroot: a base installed once by dnf and kept, a layer over it for each build, dnf from outside, commands
inside."""

import contextlib
import fcntl
import io
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import chroot_files, config, mounts, packages, processes, walls
from .errors import RootError, RootLocked

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
BUILD_FOLDERS = ("BUILD", "BUILDROOT", "RPMS", "SOURCES", "SPECS", "SRPMS", "originals")
KEPT_BASES = 3


@contextlib.contextmanager
def locked(folder):
    """Holds the root `folder` for this process. Raises RootLocked if another one does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "buildroot.lock"
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same(descriptor, path):
                yield
                return
        except BlockingIOError:
            raise RootLocked(f"Build root is locked by another process. (in {folder})") from None
        finally:
            os.close(descriptor)
        folder.mkdir(parents=True, exist_ok=True)


def _same(descriptor, path):
    """Whether the locked file is still the one at `path`: who had the lock before may have removed it with the root."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def remove(folder):
    """Removes a root whose lock is held, the lock last. Results that were put there (no --resultdir given) stay."""
    entries = [path for path in folder.iterdir() if path.name != "result"]
    for entry in sorted(entries, key=lambda path: path.name == "buildroot.lock"):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


class Root:
    """One chroot. `program` is the path of mock-lite itself, started again inside namespaces."""

    def __init__(self, config_opts, logs, program):
        self.config = config_opts
        self.logs = logs
        self.folder, self.cache = config.own_folders(config_opts)
        self.path = self.folder / "root"
        self.uid = self.gid = int(config_opts["chrootuid"])
        self.home = config_opts["chroothome"]
        self._program = program
        self._mounted = []

    # --- the base ---

    def base(self):
        """Path of the base root; installs it if this configuration has none yet."""
        key = config.base_key(self.config)
        self.cache.mkdir(parents=True, exist_ok=True)
        base = self.cache / f"base-{key}"
        with open(self.cache / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not base.is_dir():
                self._make_base(base)
            self._mark_used(base)
            self._forget_old_bases(base)
        return base

    def _make_base(self, base):
        for stale in self.cache.glob("new-*"):
            shutil.rmtree(stale)
        new = Path(tempfile.mkdtemp(prefix="new-", dir=self.cache))
        new.chmod(0o755)
        try:
            self._mount_kernel_folders(new)
            with self.logs.state("dnf install"):
                self._dnf(new, config.base_repositories(self.config), *self.config["chroot_setup_cmd"].split())
            self._add_build_user(new)
            self._unmount_all()
            new.rename(base)
        except BaseException:
            self._unmount_all()
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _mark_used(self, base):
        """Beside the base and not on it: a base may be the builder's to read only, as one that its machine keeps for
        all builders is."""
        self._mark_of(base).touch()

    def _mark_of(self, base):
        return base.with_name(base.name.replace("base-", "used-", 1))

    def _forget_old_bases(self, current):
        """Those that can only be read belong to the machine, which forgets its own."""
        own = [
            path for path in self.cache.glob("base-*") if path != current and not os.statvfs(path).f_flag & os.ST_RDONLY
        ]
        bases = sorted(
            own, key=lambda path: (self._mark_of(path) if self._mark_of(path).exists() else path).stat().st_mtime
        )
        for path in bases[: -(KEPT_BASES - 1)]:
            shutil.rmtree(path)
            self._mark_of(path).unlink(missing_ok=True)

    def _add_build_user(self, root):
        for name, line in (
            ("passwd", f"{self.config['chrootuser']}:x:{self.uid}:{self.gid}:Mock user:{self.home}:/bin/bash"),
            ("group", f"{self.config['chrootuser']}:x:{self.gid}:"),
        ):
            with chroot_files.folder_below(root, "etc") as folder:
                with os.fdopen(
                    os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o644, dir_fd=folder), "a"
                ) as file:
                    file.write(f"{line}\n")
        self._add_build_folders(root)

    def _add_build_folders(self, root):
        home = root / self.home.lstrip("/")
        for path in (home, home / "build", *(home / "build" / name for name in BUILD_FOLDERS)):
            path.mkdir(exist_ok=True)
            os.chown(path, self.uid, self.gid)

    # --- the layer of one build ---

    @contextlib.contextmanager
    def open(self, keep=False):
        """Makes the chroot ready at `path` for a `with`: base, layer, /proc, /dev. With `keep` the next one goes on
        where this one ends."""
        with self.logs.state("chroot init"):
            base = self._base_of_layer()
            self._mount_layer(base)
            self._mount_kernel_folders(self.path)
            self._write_macros()
            self._write_name_servers()
        try:
            yield
        finally:
            self._unmount(keep)

    def _base_of_layer(self):
        """The base that the kept layer lies on, for it fits no other; the newest one, if there is no layer or its
        base is gone."""
        note = self.folder / "base"
        with contextlib.suppress(FileNotFoundError):
            base = self.cache / note.read_text()
            if base.is_dir():
                self._mark_used(base)
                return base
            self.logs.root("the base of this root is gone: starting anew", "WARNING")
        self.clean()
        base = self.base()
        self.folder.mkdir(parents=True, exist_ok=True)
        note.write_text(base.name)
        return base

    def _mount_layer(self, base):
        layer, quota = self.folder / "layer", self._quota()
        for path in (self.path, layer):
            path.mkdir(parents=True, exist_ok=True)
        if quota:
            self._mount("tmpfs", layer, "tmpfs", mounts.MS_NOSUID, f"size={quota},mode=0755")
            kept = self.folder / "kept"
            if kept.is_dir():
                self._copy(kept, layer / "upper")
        upper, work = layer / "upper", layer / "work"
        upper.mkdir(exist_ok=True)
        work.mkdir(exist_ok=True)
        upper.chmod(0o755)
        try:
            folders = f"lowerdir={base},upperdir={upper},workdir={work}"
            self._mount("overlay", self.path, "overlay", 0, folders + mounts.overlay_options())
        except OSError as problem:
            if quota:
                raise RootError(
                    f"no overlay over {base}: {problem.strerror}; a build with a disk quota needs one"
                ) from None
            self.logs.root(f"no overlay here ({problem.strerror}): copying the base")
            if not any(self.path.iterdir()):
                self._copy(base, self.path)

    def _quota(self):
        quota, most = (int(self.config[f"coppice_disk_{name}_bytes"] or 0) for name in ("quota", "most"))
        return min(quota, most) if quota and most else quota

    def _copy(self, source, target):
        """Copies a folder's content, with owners, links and what overlayfs notes in extended attributes."""
        target.mkdir(exist_ok=True)
        subprocess.run(["cp", "-a", "--reflink=auto", f"{source}/.", str(target)], check=True)

    def _unmount(self, keep):
        """A layer with a quota lies in memory: what is to be kept of it goes to the disk, where it takes no more
        than the quota."""
        layer = self.folder / "layer"
        if keep and self._quota() and layer in self._mounted:
            while self._mounted[-1] != layer:
                mounts.unmount(self._mounted.pop())
            kept, fresh = self.folder / "kept", self.folder / "kept.new"
            shutil.rmtree(fresh, ignore_errors=True)
            self._copy(layer / "upper", fresh)
            if kept.exists():
                shutil.rmtree(kept)
            fresh.rename(kept)
        self._unmount_all()

    def _mount_kernel_folders(self, root):
        for name in ("proc", "dev", "sys", "tmp"):
            (root / name).mkdir(exist_ok=True)
        walls.mount_proc(root / "proc")
        self._mounted.append(root / "proc")
        device = root / "dev"
        self._mount("tmpfs", device, "tmpfs", mounts.MS_NOSUID, "mode=0755,size=1m")
        for name in DEVICES:
            (device / name).touch()
            # read-only: what is written to a device still reaches it, but nobody can change the machine's own file
            walls.read_only(device / name, mounts.MS_NOSUID | mounts.MS_NOEXEC, source=f"/dev/{name}")
            self._mounted.append(device / name)
        for name in ("shm", "pts"):
            (device / name).mkdir()
        self._mount(
            "devpts",
            device / "pts",
            "devpts",
            mounts.MS_NOSUID | mounts.MS_NOEXEC,
            "newinstance,ptmxmode=0666,mode=0620",
        )
        self._mount_shared_memory(device / "shm")
        for name, target in (
            ("fd", "/proc/self/fd"),
            ("stdin", "fd/0"),
            ("stdout", "fd/1"),
            ("stderr", "fd/2"),
            ("ptmx", "pts/ptmx"),
        ):
            (device / name).symlink_to(target)

    def _mount_shared_memory(self, target):
        """Its size counts against the quota: it is part of the layer, where that lies in memory too."""
        flags, layer, quota = mounts.MS_NOSUID | mounts.MS_NODEV, self.folder / "layer", self._quota()
        if layer not in self._mounted:
            self._mount("tmpfs", target, "tmpfs", flags, "mode=1777" + (f",size={quota}" if quota else ""))
            return
        source = layer / "shm"
        source.mkdir(exist_ok=True)
        source.chmod(0o1777)
        self._mount(source, target, None, mounts.MS_BIND)
        mounts.mount(None, target, None, mounts.MS_BIND | mounts.MS_REMOUNT | flags)

    def _mount(self, source, target, kind, flags, data=""):
        mounts.mount(source, target, kind, flags, data)
        self._mounted.append(target)

    def _unmount_all(self):
        while self._mounted:
            mounts.unmount(self._mounted.pop())

    def clean(self):
        """Throws the layer away; the lock stays."""
        self._unmount_all()
        for path in (
            self.folder / "layer",
            self.path,
            self.folder / "kept",
            self.folder / "kept.new",
            self.folder / "srpm",
        ):
            if path.exists():
                shutil.rmtree(path)
        (self.folder / "base").unlink(missing_ok=True)

    def empty_home(self):
        """Build folders as a fresh root has them: nothing of a build before this one may pass for its results."""
        parent, name = os.path.split(self.home)
        with chroot_files.folder_below(self.path, parent) as folder:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(name, dir_fd=folder)
            os.mkdir(name, 0o755, dir_fd=folder)
        self._add_build_folders(self.path)
        self._write_macros()

    def _write_macros(self):
        text = "".join(
            f"{name if name.startswith('%') else '%' + name} {value}\n" for name, value in self.config["macros"].items()
        )
        self.put(f"{self.home}/.rpmmacros", io.BytesIO(f"{self.config['coppice_macro_text']}\n{text}".encode()))

    def _write_name_servers(self):
        """A build that may use the network finds names as the builder does."""
        if self.config["rpmbuild_networking"] and self.config["use_host_resolv"]:
            for name in ("resolv.conf", "hosts"):
                with contextlib.suppress(FileNotFoundError), open(f"/etc/{name}", "rb") as source:
                    chroot_files.write_below(self.path, f"/etc/{name}", source, 0, 0)

    # --- files, packages, commands ---

    def put(self, path, source, mode=0o644):
        """Writes a file of the build user into the chroot."""
        chroot_files.write_below(self.path, path, source, self.uid, self.gid, mode)

    def install(self, repositories, *arguments):
        """Does to the chroot what `dnf ARGUMENTS` would; `repositories` are ids, None for all. Raises
        PackageManagerError."""
        self._dnf(self.path, repositories, *arguments)

    def _dnf(self, root, repositories, *arguments):
        packages.install(self._program, root, self.config, self.cache / "dnf", repositories, arguments, self.logs)

    def run(self, command, sink, timeout=0, as_root=False, folder=None):
        """Runs a command inside as the build user, in `folder` (default: its home), cut off from the network unless
        the configuration allows it; returns its exit code. Raises TimeoutExpired."""
        uid = 0 if as_root else self.uid
        environment = {
            "TERM": "vt100",
            "SHELL": "/bin/bash",
            "HOME": self.home,
            "HOSTNAME": "mock",
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            **{key: str(value) for key, value in self.config["environment"].items()},
        }
        return processes.run_in_root(
            self._program,
            self.path,
            command,
            sink,
            uid=uid,
            gid=0 if as_root else self.gid,
            home=self.home,
            folder=folder,
            environment=environment,
            network=bool(self.config["rpmbuild_networking"]),
            memory=int(self.config["coppice_memory_bytes"] or 0),
            timeout=timeout,
        )
