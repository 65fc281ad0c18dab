"""The command line: the part of mock's that a build service uses. What is not here is refused with exit code 5."""
import argparse

from . import NAME
from .errors import UsageError


class Parser(argparse.ArgumentParser):
    """argparse that raises instead of leaving with its own exit code 2."""

    def error(self, message):
        raise UsageError(message)


def parser():
    """The table of options."""
    made = Parser(prog="mock", allow_abbrev=False, description="mock-lite: builds RPMs in chroots, with mock's command line")
    made.add_argument("--version", action="version", version=NAME)
    mode = made.add_mutually_exclusive_group()
    for name in ("rebuild", "buildsrpm", "chain", "init", "clean", "installdeps"):
        mode.add_argument(f"--{name}", dest="mode", action="store_const", const=name)
    mode.add_argument("--scrub", choices=("all", "chroot", "cache", "root-cache", "dnf-cache", "yum-cache"))
    made.add_argument("-r", "--root", dest="chroot", default="default", metavar="CFG", help="a config file, or the name of one in /etc/mock")
    made.add_argument("--configdir", default="/etc/mock")
    made.add_argument("--resultdir")
    made.add_argument("--uniqueext", default="")
    made.add_argument("--spec")
    made.add_argument("--sources")
    made.add_argument("--localrepo")
    made.add_argument("-c", "--continue", dest="keep_going", action="store_true", help="with --chain: go on after a failure")
    made.add_argument("--recurse", action="store_true", help="with --chain: try the failed ones again while others succeed")
    made.add_argument("-a", "--addrepo", action="append", default=[], metavar="URL")
    made.add_argument("-n", "--no-clean", dest="clean", action="store_false")
    made.add_argument("--no-cleanup-after", dest="cleanup", action="store_false", default=None)
    made.add_argument("--cleanup-after", dest="cleanup", action="store_true", default=None)
    made.add_argument("-D", "--define", action="append", default=[], metavar="'NAME VALUE'")
    made.add_argument("--with", dest="with_", action="append", default=[], metavar="OPTION")
    made.add_argument("--without", action="append", default=[], metavar="OPTION")
    made.add_argument("--nocheck", action="store_true")
    made.add_argument("--rpmbuild_timeout", type=int, metavar="SECONDS")
    made.add_argument("--enable-network", action="store_true", default=None)
    made.add_argument("--config-opts", action="append", default=[], metavar="KEY=VALUE")
    made.add_argument("-q", "--quiet", action="store_true")
    made.add_argument("-v", "--verbose", action="store_true")
    made.add_argument("--arch")
    made.add_argument("files", nargs="*", metavar="SRPM")
    made.set_defaults(mode=None)
    return made


def parse(arguments):
    """Options of a command line. Raises UsageError."""
    options = parser().parse_intermixed_args(arguments)
    if options.scrub:
        options.mode = "scrub"
    options.mode = options.mode or "rebuild"
    if options.mode in ("rebuild", "chain", "installdeps") and not options.files:
        raise UsageError(f"--{options.mode} needs at least one SRPM")
    if options.mode == "buildsrpm" and not (options.spec and options.sources):
        raise UsageError("--buildsrpm needs --spec and --sources")
    if options.mode == "chain" and not options.localrepo:
        raise UsageError("--chain needs --localrepo")
    return options
