"""--chain: SRPMs that need each other, each built with the results of those before it in reach."""
import os
import subprocess
from pathlib import Path

from . import config
from .build import build_one
from .errors import ChainPartlyFailed, MockError, PackageManagerError
from .logs import Logs, as_caller, complain


def build_chain(root_of, config_opts, options):
    """Each SRPM in turn, its results in a local repository that the next ones see. With --recurse what failed is tried
    again as long as another succeeded. Raises ChainPartlyFailed, or the failure of the first if none was to be tried
    further.
    """

    results = Path(options.localrepo) / "results" / config_opts["chroot_name"]
    with as_caller():
        results.mkdir(parents=True, exist_ok=True)
        refresh_repository(results)
    config_opts["dnf.conf"] += (
        f"\n[local_build_repo]\nname=local_build_repo\nbaseurl=file://{results.absolute()}\n"
        "enabled=1\ngpgcheck=0\nskip_if_unavailable=0\npriority=1\n"
    )
    if config_opts["coppice_base_repos"] is None:
        config_opts["coppice_base_repos"] = [
            name for name in config.base_repositories(config_opts) if name != "local_build_repo"
        ]
    waiting, failed = list(options.files), []
    while waiting:
        failed, built = [], 0
        for path in waiting:
            try:
                build_link(root_of, options, results, path)
                built += 1
            except MockError as problem:
                complain(str(problem))
                failed.append(path)
                if not (options.recurse or options.keep_going):
                    raise ChainPartlyFailed(
                        f"{os.path.basename(path)} failed; the rest of the chain was not built"
                    ) from problem
        if not (options.recurse and failed and built):
            break
        waiting = failed
    if failed:
        raise ChainPartlyFailed(
            f"{len(failed)} of {len(options.files)} could not be built: " + ", ".join(map(os.path.basename, failed))
        )


def build_link(root_of, options, results, path):
    """One SRPM of a chain; leaves `success` or `fail` beside its results."""
    folder = results / os.path.basename(path).removesuffix(".src.rpm")
    logs = Logs(str(folder))
    for mark in ("success", "fail"):
        with as_caller():
            (folder / mark).unlink(missing_ok=True)
    try:
        build_one(root_of, options, logs, lambda builder: builder.rebuild(path), os.path.basename(path))
        mark = "success"
    except MockError:
        mark = "fail"
        raise
    finally:
        logs.close()
        with as_caller():
            (folder / mark).write_text(f"{'done' if mark == 'success' else 'failed'}\n")
            refresh_repository(results)


def refresh_repository(folder):
    """createrepo_c on the chain's results."""
    uid, gid = config.caller_ids()
    other = {"user": uid, "group": gid, "extra_groups": [gid]} if uid != os.getuid() else {}
    command = ["createrepo_c", "--quiet", "--no-database", "--update", "-x", "*.src.rpm", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, **other)
    if done.returncode != 0:
        raise PackageManagerError(f"createrepo_c failed: {done.stderr.strip()}")
