"""What is done in a chroot: an SRPM from a spec, RPMs from an SRPM."""
import os
import platform
import re
import shutil
import stat
import time
from pathlib import Path

from . import NAME, chroot_files
from .config import CONTINUING, own_folders
from .errors import BuildError, MockError, RootError, SrpmInstallError, UsageError
from .logs import as_caller, complain

# A source may be called like a spec: the flag says which file is the one. Those of old rpms have no flag.
FLAGGED_FILES, SPEC_FLAG = r"[%{FILEFLAGS} %{FILENAMES}\n]", 32

# The first steps inside the chroot, as the build user. Its exit codes tell which step failed.
UNPACK = rf"""
names=$(rpm -qp --qf '{FLAGGED_FILES}' "$1") || exit 91
spec='' first=''
while read -r flags name; do
    case $name in *.spec) [ -n "$first" ] || first=$name; [ $((flags & {SPEC_FLAG})) = 0 ] || spec=$name ;; esac
done <<<"$names"
spec=${{spec:-$first}}; [ -n "$spec" ] || {{ echo "no spec file in $1"; exit 91; }}
rpm -i --nodeps "$1" || exit 92
shift; exec rpmbuild "$@" "$HOME/build/SPECS/$spec"
"""
BAD_SRPM, WILL_NOT_INSTALL, MORE_REQUIREMENTS = 91, 92, 11
MOST_ROUNDS = 10


def open_input(path):
    """Opens a file that was named on the command line, with the caller's rights."""
    try:
        with as_caller():
            return open(path, "rb")
    except OSError as problem:
        raise BuildError(f"{path}: {problem.strerror}") from None


def spec_among(listed):
    """The spec among the files of an SRPM as FLAGGED_FILES lists them, or None."""
    files = [line.partition(" ") for line in listed.splitlines()]
    specs = [(int(flags or 0), name) for flags, _, name in files if name.endswith(".spec") and "/" not in name]
    flagged = [name for flags, name in specs if flags & SPEC_FLAG]
    return (flagged or [name for _, name in specs] or [None])[0]


class Builder:
    """Builds in one Root and puts results into the logs' folder."""

    def __init__(self, root, logs, options):
        self.root = root
        self._logs = logs
        self._options = options
        self._config = root.config
        self._said = 0
        self._target = ["--target", self._config["rpmbuild_arch"] or self._config["target_arch"]]

    def rebuild(self, path):
        """RPMs from an SRPM. Raises MockError with the exit code of what went wrong."""
        name = os.path.basename(path)
        self.root.empty_home()
        with self._logs.state(f"build phase for {name}"):
            with self._logs.state(f"build setup for {name}"):
                srpm = self._unpack(path, name)
                spec = self._install_requirements(srpm)
                self._write_facts()
            with self._logs.state(f"rpmbuild {name}"):
                self._rpmbuild(
                    ["-bb", "--nodeps", *(["--nocheck"] if self._options.nocheck else [])],
                    spec,
                    self._config["rpmbuild_timeout"],
                )
            self._collect("RPMS", ".rpm")
            self._collect("SRPMS", ".src.rpm")

    def install_requirements(self, path):
        """--installdeps: what an SRPM needs, and nothing more. What else is in the build user's home stays."""
        self.root.run(["/bin/sh", "-c", 'rm -rf "$HOME/build/SRPMS"; mkdir -p "$HOME/build/SRPMS"'], self._say)
        self._install_requirements(self._unpack(path, os.path.basename(path)))

    def make_srpm(self, spec, sources):
        """An SRPM from a spec and its sources (a file or a folder)."""
        name = os.path.basename(spec)
        with as_caller():
            absent = [path for path in (spec, sources) if not os.path.exists(path)]
        if absent:
            raise UsageError(f"--buildsrpm: there is no {absent[0]}")
        self.root.empty_home()
        with self._logs.state("buildsrpm"):
            self._put(spec, f"SPECS/{name}")
            files = [sources]
            if os.path.isdir(sources):
                with as_caller():
                    files = sorted(entry.path for entry in os.scandir(sources) if entry.is_file())
            for file in files:
                self._put(file, f"SOURCES/{os.path.basename(file)}")
            with self._logs.state("rpmbuild -bs"):
                self._rpmbuild(
                    ["-bs", "--nodeps"], f"{self.root.home}/build/SPECS/{name}", self._config["rpmbuild_timeout"]
                )
            if not self._collect("SRPMS", ".src.rpm"):
                raise BuildError("rpmbuild made no SRPM")

    def _put(self, path, inside):
        """What is executable for its owner stays so: the package may install it with its mode."""
        with open_input(path) as source:
            executable = os.fstat(source.fileno()).st_mode & stat.S_IXUSR
            self.root.put(f"{self.root.home}/build/{inside}", source, 0o755 if executable else 0o644)

    def _say(self, chunk):
        self._said += len(chunk)
        if self._said > self._config["coppice_log_limit_bytes"]:
            raise BuildError(
                f"the build wrote more than {self._config['coppice_log_limit_bytes']} bytes of log and was ended"
            )
        self._logs.file("build.log").write(chunk)

    def _unpack(self, path, name):
        """Installs the SRPM in the chroot and writes it anew there, so that its requirements are this chroot's.
        Returns its path outside."""
        self._put(path, f"originals/{name}")
        command = [
            "/bin/bash",
            "-c",
            UNPACK,
            "unpack",
            f"{self.root.home}/build/originals/{name}",
            "-bs",
            "--noclean",
            *self._target,
            "--nodeps",
        ]
        code = self.root.run(command, self._say, self._config["rpmbuild_timeout"])
        if code == WILL_NOT_INSTALL:
            raise SrpmInstallError(f"Cannot install {name} into the chroot: see build.log")
        if code != 0:
            raise BuildError(
                f"{name}: "
                + ("it is not a good SRPM" if code == BAD_SRPM else "its spec does not parse")
                + "; see build.log"
            )
        return self._fetch_srpm()

    def _fetch_srpm(self, suffix=".src.rpm"):
        """Copies the one SRPM out of the chroot into a folder that the build cannot reach."""
        folder = self.root.folder / "srpm"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        for name, file in self._left_by_build("SRPMS", suffix):
            with open(folder / name, "wb") as target:
                shutil.copyfileobj(file, target)
            return folder / name
        raise BuildError(f"rpmbuild made no {suffix}")

    def _install_requirements(self, srpm):
        """Installs what the SRPM requires, then what its %generate_buildrequires asks for. Returns the spec's path
        inside."""
        spec = self._spec_of(srpm)
        more = self._config["chroot_additional_packages"]
        more = more.split() if isinstance(more, str) else more
        if more:
            self.root.install(None, "install", *more)
        self.root.install(None, "builddep", str(srpm))
        if self.root.run(["grep", "-q", "^[[:space:]]*%generate_buildrequires", spec], self._say) == 0:
            self._install_generated_requirements(spec)
        return spec

    def _install_generated_requirements(self, spec):
        """rpmbuild -br tells what is still missing (exit code 11) until nothing is: one answer may lead to the next
        question."""
        for _ in range(MOST_ROUNDS):
            code = self.root.run(
                [self._config["rpmbuild_command"], "-br", "--noclean", *self._target, spec],
                self._say,
                self._config["rpmbuild_timeout"],
            )
            if code != MORE_REQUIREMENTS:
                break
            self.root.install(None, "builddep", str(self._fetch_srpm(".buildreqs.nosrc.rpm")))
        if code != 0:
            raise BuildError("%generate_buildrequires failed: see build.log")

    def _spec_of(self, srpm):
        listed = []
        self.root.run(
            ["rpm", "-qp", "--qf", FLAGGED_FILES, f"{self.root.home}/build/SRPMS/{srpm.name}"], listed.append
        )
        spec = spec_among(b"".join(listed).decode(errors="replace"))
        if spec is None:
            raise BuildError(f"{srpm.name} holds no spec file")
        return f"{self.root.home}/build/SPECS/{spec}"

    def _rpmbuild(self, mode, spec, timeout):
        command = [
            self._config["rpmbuild_command"],
            *mode,
            "--noclean",
            *self._target,
            *self._config["rpmbuild_opts"].split(),
            spec,
        ]
        self._logs.line("build.log", f"Executing command: {command} with env {{}} and uid {self.root.uid}")
        code = self.root.run(command, self._say, timeout)
        self._logs.line("build.log", f"Child return code was: {code}")
        if code != 0:
            raise BuildError(f"Command failed: \n # {' '.join(command)}\nSee {self._logs.folder}/build.log")

    def _left_by_build(self, folder, suffix):
        """Open files (name, file) of what the build left; it may have removed or replaced the folder."""
        try:
            yield from chroot_files.regular_files_below(self.root.path, f"{self.root.home}/build/{folder}", suffix)
        except OSError as problem:
            raise BuildError(f"What the build left in {folder} cannot be taken: {problem.strerror}") from problem

    def _collect(self, folder, suffix):
        """Copies the results into the result folder, as the caller's files. Returns their names."""
        names = []
        for name, file in self._left_by_build(folder, suffix):
            with as_caller():
                target = os.path.join(self._logs.folder, name)
                temporary = os.path.join(self._logs.folder, ".part")  # the name may be as long as names can be
                with open(temporary, "xb") as written:
                    shutil.copyfileobj(file, written, 1 << 20)
                os.replace(temporary, target)
            names.append(name)
        return names

    def _write_facts(self):
        form = "%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}.%{ARCH} %{BUILDTIME} %{SIZE} %{PKGID} installed\\n"
        self.root.run(["rpm", "-qa", "--qf", form], self._logs.file("installed_pkgs.log").write, as_root=True)
        memory = Path("/proc/meminfo").read_text().splitlines()[:3]
        model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
        space = shutil.disk_usage(self.root.folder)
        facts = [
            f"Kernel: {platform.release()} {platform.machine()}",
            f"CPU(s): {os.cpu_count()}",
            f"Model name: {model[1] if model else 'unknown'}",
            *memory,
            f"Storage: {space.total} bytes, {space.free} free",
            f"mock: {NAME}",
        ]
        self._logs.line("hw_info.log", "\n".join(facts))


def build_one(root_of, options, logs, work, label):
    """Runs `work(Builder)` in a root, builds it anew before and throws it away after as the configuration says, and
    says how long it took. `root_of(logs)` makes the Root. Returns what `work` returns."""
    started = time.monotonic()
    root = root_of(logs)
    name = root.config["root"]
    logs.info(f"Start({label})  Config({name})")
    keep = True
    try:
        if root.config["clean"]:
            with logs.state("clean chroot"):
                root.clean()
        went_well = False
        try:
            keep = keeps_root(root.config, options, logs.folder, success=True) or keeps_root(
                root.config, options, logs.folder, success=False
            )
            with root.open(keep):
                answer = work(Builder(root, logs, options))
            went_well = True
        finally:
            if not keeps_root(root.config, options, logs.folder, went_well):
                root.clean()
    except (MockError, OSError) as problem:
        logs.root(str(problem), "ERROR")
        minutes, seconds = divmod(int(time.monotonic() - started), 60)
        complain(f"Exception({label}) Config({name}) {minutes} minutes {seconds} seconds")
        if isinstance(problem, OSError):
            raise RootError(f"{problem.filename or 'chroot'}: {problem.strerror}") from problem
        raise
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    logs.info(f"Done({label}) Config({name}) {minutes} minutes {seconds} seconds")
    logs.info(f"Results and/or logs in: {logs.folder}")
    return answer


def keeps_root(config_opts, options, results, success):
    """Whether the root stays after a run: always where work goes on in it, else unless it is to be cleaned up.
    Results inside the root's own folder keep it too."""
    if options.mode == "init" or options.mode in CONTINUING:
        return True
    own_folder, _ = own_folders(config_opts)
    if os.path.abspath(results).startswith(f"{own_folder}/"):
        return True
    return not config_opts["cleanup_on_success" if success else "cleanup_on_failure"]
