"""Packages into a chroot, in two steps. dnf, outside and with the network, decides and downloads and checks
signatures; it runs nothing of what it fetched. rpm then installs, and with it run the scripts of packages: without
network, in namespaces of their own, in a file system that holds the chroot, the packages and the machine's programs
(read-only), and nothing else."""

import glob
import json
import os
import tempfile
from pathlib import Path

from . import config, processes
from .errors import PackageManagerError

OWN_PLUGINS = Path(__file__).resolve().parent / "dnf_plugins"
PLUGIN_FOLDERS = "/usr/lib/python3*/*-packages/dnf-plugins"
ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
RPM_OPTIONS = {
    "nodocs": "--excludedocs",
    "noscripts": "--noscripts",
    "nocontexts": "--nocontexts",
    "nocaps": "--nocaps",
}


def install(program, root, config_opts, cache, repositories, arguments, logs):
    """Does what `dnf ARGUMENTS` (install …, builddep …) would do to the root. `repositories` are ids, None for all;
    `program` is mock-lite itself. Raises PackageManagerError."""
    plan = _download(root, config_opts, cache, repositories, arguments, logs)
    if plan["packages"]:
        _run_transaction(program, root, plan, logs)


def _download(root, config_opts, cache, repositories, arguments, logs):
    with tempfile.TemporaryDirectory(prefix="mock-lite-") as home:
        Path(home, ".rpmmacros").write_text("%_dbpath /var/lib/rpm\n")  # Debian's rpm keeps it in $HOME otherwise
        conf, plan = Path(home, "dnf.conf"), Path(home, "plan.json")
        folders = [*glob.glob(PLUGIN_FOLDERS), str(OWN_PLUGINS)]
        conf.write_text(config.effective_dnf_conf(config_opts, cache, repositories, plugin_folders=folders))
        command = [
            "dnf",
            "-y",
            "-c",
            str(conf),
            "--installroot",
            str(root),
            "--downloadonly",
            "--disableplugin=*",
            "--enableplugin=builddep,mock_lite_plan",
        ]
        if config_opts["releasever"]:
            command += [f"--releasever={config_opts['releasever']}"]
        _run(
            [*command, *arguments],
            logs,
            lambda sink: processes.run(
                [*command, *arguments], sink, env={**ENVIRONMENT, "HOME": home, "MOCK_LITE_PLAN": str(plan)}
            ),
        )
        if not plan.exists():  # dnf had nothing to resolve
            return {"packages": [], "tsflags": []}
        return json.loads(plan.read_text())


def _run_transaction(program, root, plan, logs):
    paths = [os.path.realpath(path) for path in plan["packages"]]
    names = [f"/packages/{number}-{os.path.basename(path)}" for number, path in enumerate(paths)]
    options = [RPM_OPTIONS[flag] for flag in plan["tsflags"] if flag in RPM_OPTIONS]
    # dnf has checked signatures as the configuration says, and knows why an older package is wanted
    debian = (
        ["--force-debian"] if os.path.exists("/etc/debian_version") else []
    )  # says that this is not about the machine's own packages
    command = [
        "rpm",
        *debian,
        "--root",
        "/target",
        "--dbpath",
        "/var/lib/rpm",
        "-U",
        "--oldpackage",
        "--nosignature",
        *options,
        *names,
    ]
    with tempfile.TemporaryDirectory(prefix="mock-lite-stage-") as stage:
        files = dict(zip(names, paths))
        _run(
            command,
            logs,
            lambda sink: processes.run_on_stage(
                program,
                stage,
                root,
                files,
                command,
                sink,
                environment={**ENVIRONMENT, "HOME": "/", "TMPDIR": "/var/tmp"},
            ),
        )


def _run(command, logs, start):
    """Runs one command with its output in root.log. Raises PackageManagerError if it fails."""
    said = []

    def sink(chunk):
        said.append(chunk)
        logs.file("root.log").write(chunk)

    logs.root(f"Executing command: {command}")
    code = start(sink)
    logs.root(f"Child return code was: {code}")
    if code != 0:
        text = b"".join(said).decode(errors="replace").strip()
        raise PackageManagerError(f"Command failed: \n # {' '.join(command)}\n{text[-4000:]}")
