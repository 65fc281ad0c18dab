"""What mock-lite does with a command line: the keeper outside, and the worker inside its namespaces."""
import json
import os
import shutil

from . import NAME, VERSION, build, chain, config, errors, logs, modes, options as command_line, processes, root

COMMANDS = ("dnf", "rpm", "createrepo_c", "unshare", "cp")


def load_as_caller(options):
    """Reads the config in a child with the caller's rights: it is Python of the caller's. Returns config_opts.
    Raises ConfigError."""

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            uid, gid = config.caller_ids()
            if uid != os.getuid():
                os.setgroups([gid])
                os.setresgid(gid, gid, gid)
                os.setresuid(uid, uid, uid)
            try:
                answer = {"config": config.load(options)}
            except errors.ConfigError as problem:
                answer = {"problem": str(problem)}
            with os.fdopen(writer, "w") as pipe:
                json.dump(answer, pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    try:
        answer = json.loads(text)
    except ValueError:
        raise errors.ConfigError(f"{options.chroot}: reading it ended without an answer") from None
    if "problem" in answer:
        raise errors.ConfigError(answer["problem"])
    return answer["config"]


def keeper(program, arguments, lifeline):
    """Everything outside the worker; `program` is mock-lite itself. Returns the exit code."""
    options = command_line.parse(arguments)
    missing = [name for name in COMMANDS if shutil.which(name) is None]
    if missing:
        raise errors.MockError(
            f"missing command(s): {', '.join(missing)}; on Debian: apt-get install dnf dnf-plugins-core rpm createrepo-c util-linux"
        )
    if os.geteuid() != 0:
        raise errors.MockError("mock-lite needs root: call it as /usr/bin/mock, as a member of group mock")
    config_opts = load_as_caller(options)
    folder, cache = config.own_folders(config_opts)
    with root.locked(folder):
        if options.mode in ("clean", "scrub"):
            if options.scrub in ("all", "cache", "root-cache", "dnf-cache", "yum-cache"):
                shutil.rmtree(cache, ignore_errors=True)
            root.remove(folder)
            return 0
        code = 143
        try:
            code = processes.keep(lambda: answer_of(worker, program, options, config_opts), lifeline)
        finally:
            if code in (129, 143) and options.mode not in ("chroot", "shell"):
                logs.complain("told to stop: the build and all that it started were ended")
            results = options.resultdir or config_opts["resultdir"] or folder / "result"
            if not build.keeps_root(config_opts, options, results, success=code == 0):
                root.remove(folder)
    return code


def worker(program, options, config_opts):
    """Pid 1 of the worker's namespaces. Returns the exit code."""

    def root_of(opened):
        return root.Root(config_opts, opened, program)

    if options.mode == "chain":
        chain.build_chain(root_of, config_opts, options)
        return 0
    folder = config_opts["resultdir"] or logs.own_result_folder(config.own_folders(config_opts)[0])
    opened = logs.Logs(os.path.abspath(folder), options.quiet, goes_on=options.mode in config.CONTINUING)
    opened.info(f"mock.py version {VERSION} starting (mock-lite, NVR = {NAME})...")
    with opened.state("run"):
        return modes.run_mode(root_of, options, opened)


def answer_of(life, *arguments):
    """The exit code that a life comes to; a failure is said on standard error."""
    try:
        return life(*arguments)
    except errors.MockError as problem:
        logs.complain(str(problem))
        return problem.code
