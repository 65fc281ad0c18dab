"""Asks apt which .deb files a set of packages needs on an empty machine, and fetches them into a cache folder. Needs
no root."""

import hashlib
import subprocess
from pathlib import Path

# Third-party sources of the host are not Sapling's business.
PREFERENCES = "Package: *\nPin: release o=Debian\nPin-Priority: 900\n\nPackage: *\nPin: release a=*\nPin-Priority: -1\n"


class AptError(Exception):
    """apt could not resolve or fetch; the text ends with what apt said."""


class AptArchive:
    """The machine's apt archive seen from an empty Debian. `folder` holds the fetched .deb files."""

    def __init__(self, cache, architecture, say):
        self.folder = cache / "debs"
        self._state = cache / "apt"
        self._architecture = architecture
        self._say = say
        for path in (self.folder / "partial", self._state / "lists" / "partial"):
            path.mkdir(parents=True, exist_ok=True)
        preferences = self._state / "preferences"
        preferences.write_text(PREFERENCES)
        self._options = {
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "",
            "Debug::NoLocking": "true",
            "Dir::Cache": self._state,
            "Dir::Cache::archives": self.folder,
            "Dir::Etc::preferences": preferences,
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State::status": "/dev/null",
        }
        self._lists = self._state / "lists"
        if not self._has_lists():
            self._lists = Path("/var/lib/apt/lists")

    def _has_lists(self):
        return any(self._lists.glob("*_Packages*"))

    def _run(self, *arguments):
        command = ["apt-get", "-q", "-y"]
        for key, value in {**self._options, "Dir::State::lists": self._lists}.items():
            command += ["-o", f"{key}={value}"]
        done = subprocess.run(command + list(arguments), capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AptError(f"apt-get {arguments[0]} failed (exit code {done.returncode}). Is the Debian archive in"
                           f" /etc/apt/sources.list.d, and does it answer?\n{done.stdout}{done.stderr}".rstrip())
        return done.stdout

    def update(self):
        """Fetches the archive's lists anew, into the cache folder: the machine's own lists are not touched."""
        self._say("fetching the package lists of the apt archive")
        self._lists = self._state / "lists"
        self._run("update")

    def lists_digest(self):
        """Changes whenever the package lists may have changed; costs a few milliseconds."""
        digest = hashlib.sha256()
        for path in sorted(self._lists.glob("*Release")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def resolve(self, names):
        """Sorted file names (`name_version_architecture.deb`) of `names` and all that they depend on."""
        if not self._has_lists():
            self.update()
        printed = self._run("install", "--print-uris", "-o", "Dir::Cache::archives=/nonexistent", *names)
        return sorted(line.split()[1] for line in printed.splitlines() if line.startswith("'"))

    def download(self, names, debs):
        """Fetches `debs`, which `resolve(names)` gave; returns the list that is there (newer if the lists were
        stale)."""
        missing = [name for name in debs if not (self.folder / name).exists()]
        self._say(f"fetching {len(missing)} of {len(debs)} packages ({len(debs) - len(missing)} are in the cache)")
        try:
            self._run("install", "--download-only", *names)
        except AptError:
            self.update()
            debs = self.resolve(names)
            self._run("install", "--download-only", *names)
        return debs

    def forget_all_but(self, debs):
        """Removes the .deb files of earlier versions."""
        for path in self.folder.glob("*.deb"):
            if path.name not in debs:
                path.unlink()
