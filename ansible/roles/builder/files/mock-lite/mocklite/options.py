"""The command line: the part of mock's that a build service uses. What is not here is refused with exit code 5."""
import argparse

from . import NAME
from .errors import CommandError, UsageError


class Parser(argparse.ArgumentParser):
    """argparse that raises instead of leaving with its own exit code 2."""

    def error(self, message):
        raise UsageError(message)


def parser():
    """The table of options."""
    made = Parser(
        prog="mock", allow_abbrev=False, description="mock-lite: builds RPMs in chroots, with mock's command line"
    )
    made.add_argument("--version", action="version", version=NAME)
    mode = made.add_mutually_exclusive_group()
    for name in (
        "rebuild",
        "buildsrpm",
        "chain",
        "init",
        "clean",
        "installdeps",
        "chroot",
        "shell",
        "copyin",
        "copyout",
    ):
        mode.add_argument(f"--{name}", dest="mode", action="store_const", const=name)
    mode.add_argument("-i", "--install", dest="mode", action="store_const", const="install")
    mode.add_argument("--scrub", choices=("all", "chroot", "cache", "root-cache", "dnf-cache", "yum-cache"))
    made.add_argument(
        "-r",
        "--root",
        dest="chroot",
        default="default",
        metavar="CFG",
        help="a config file, or the name of one in /etc/mock",
    )
    made.add_argument("--configdir", default="/etc/mock")
    made.add_argument("--resultdir")
    made.add_argument("--uniqueext", default="")
    made.add_argument("--spec")
    made.add_argument("--sources")
    made.add_argument("--localrepo")
    made.add_argument(
        "-c", "--continue", dest="keep_going", action="store_true", help="with --chain: go on after a failure"
    )
    made.add_argument(
        "--recurse", action="store_true", help="with --chain: try the failed ones again while others succeed"
    )
    made.add_argument("-a", "--addrepo", action="append", default=[], metavar="URL")
    made.add_argument("-n", "--no-clean", dest="clean", action="store_false")
    made.add_argument("-N", "--no-cleanup-after", dest="cleanup", action="store_false", default=None)
    made.add_argument("--cleanup-after", dest="cleanup", action="store_true", default=None)
    made.add_argument("-D", "--define", action="append", default=[], metavar="'NAME VALUE'")
    made.add_argument("--with", dest="with_", action="append", default=[], metavar="OPTION")
    made.add_argument("--without", action="append", default=[], metavar="OPTION")
    made.add_argument("--nocheck", action="store_true")
    made.add_argument("--rpmbuild_timeout", type=int, metavar="SECONDS")
    made.add_argument("--enable-network", action="store_true", default=None)
    made.add_argument("--unpriv", action="store_true", help="with --chroot and --shell: as the build user")
    made.add_argument("--cwd", metavar="DIR", help="with --chroot and --shell: a folder of the chroot")
    made.add_argument(
        "--isolation",
        choices=("simple", "nspawn", "auto"),
        help="changes nothing: builds always have namespaces of their own",
    )
    made.add_argument("--config-opts", action="append", default=[], metavar="KEY=VALUE")
    made.add_argument("-q", "--quiet", action="store_true")
    made.add_argument("-v", "--verbose", action="store_true")
    made.add_argument("--arch")
    made.add_argument("files", nargs="*", metavar="SRPM")
    made.set_defaults(mode=None)
    return made


NEEDS = {
    "rebuild": "at least one SRPM",
    "chain": "at least one SRPM",
    "installdeps": "at least one SRPM",
    "install": "at least one package",
    "chroot": "a command",
    "shell": "a command: there is no terminal here",
    "copyin": "sources and a destination",
    "copyout": "sources and a destination",
}


def parse(arguments):
    """Options of a command line; what stands after `--` is never an option. Raises UsageError, CommandError."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser().parse_intermixed_args(arguments[:end])
    options.files = [*options.files, *arguments[end + 1:]]
    if options.scrub:
        options.mode = "scrub"
    options.mode = options.mode or "rebuild"
    least = 2 if options.mode in ("copyin", "copyout") else 1
    if options.mode in NEEDS and len(options.files) < least:
        problem = UsageError if options.mode in ("rebuild", "chain", "installdeps") else CommandError
        raise problem(f"--{options.mode} needs {NEEDS[options.mode]}")
    if options.mode == "buildsrpm" and not (options.spec and options.sources):
        raise UsageError("--buildsrpm needs --spec and --sources")
    if options.mode == "chain" and not options.localrepo:
        raise UsageError("--chain needs --localrepo")
    if options.cwd is not None and not options.cwd.startswith("/"):
        raise UsageError("--cwd needs an absolute path of the chroot")
    return options
