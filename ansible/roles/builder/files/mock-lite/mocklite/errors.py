"""Failures and their exit codes: mock's own (its source lists them in exception.py), for the runner tells reasons by
them."""

class MockError(Exception):
    """Something happened that ends the run; `code` is the exit code."""

    code = 1


class ConfigError(MockError):
    code = 3


class ChainPartlyFailed(MockError):
    code = 4


class UsageError(MockError):
    code = 5


class BuildError(MockError):
    code = 1


class TimeoutExpired(MockError):
    code = 11


class RootError(MockError):
    code = 20


class PackageManagerError(MockError):
    code = 30


class SrpmInstallError(MockError):
    code = 40


class CommandError(MockError):
    """A command such as --copyin was given what it cannot work with."""

    code = 50


class RootLocked(MockError):
    code = 60


class ResultDirError(MockError):
    code = 70


class NamespaceError(MockError):
    code = 80


class Terminated(MockError):
    code = 143
