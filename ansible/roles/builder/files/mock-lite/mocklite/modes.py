"""What each mode of the command line does, but for --chain, --clean and --scrub."""
import os
import sys

from . import copying
from .build import Builder, build_one


def run_mode(root_of, options, logs):
    """Does what the options say in one root (`root_of(logs)` makes it); returns the exit code. Raises MockError."""
    if options.mode == "rebuild":
        for path in options.files:
            build_one(root_of, options, logs, lambda builder, path=path: builder.rebuild(path), path)
        return 0
    if options.mode == "buildsrpm":
        build_one(
            root_of,
            options,
            logs,
            lambda builder: builder.make_srpm(options.spec, options.sources),
            os.path.basename(options.spec),
        )
        return 0
    return (
        build_one(
            root_of, options, logs, lambda builder: IN_THE_ROOT[options.mode](builder, options, logs), options.mode
        )
        or 0
    )


def install_requirements(builder: Builder, options, _logs):
    """--installdeps: what SRPMs need, and nothing more."""
    for path in options.files:
        builder.install_requirements(path)


def run_command(builder: Builder, options, logs):
    """--chroot, --shell: a command inside, as root or (--unpriv) the build user. One word is a line for a shell,
    several are a program and its arguments; --shell makes one line of all. Its exit code becomes ours."""
    words = [" ".join(options.files)] if options.mode == "shell" else options.files
    command = ["/bin/sh", "-c", *words] if len(words) == 1 else words
    folder = options.cwd or (builder.root.home if options.mode == "shell" else "/")

    def say(chunk):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        logs.file("root.log").write(chunk)

    with logs.state("shell" if options.mode == "shell" else f"chroot {options.files}"):
        return builder.root.run(command, say, as_root=not options.unpriv, folder=folder)


IN_THE_ROOT = {
    "init": lambda builder, options, logs: None,
    "install": lambda builder, options, logs: builder.root.install(None, "install", *options.files),
    "installdeps": install_requirements,
    "chroot": run_command,
    "shell": run_command,
    "copyin": lambda builder, options, logs: copying.copy_in(builder.root, options.files[:-1], options.files[-1]),
    "copyout": lambda builder, options, logs: copying.copy_out(builder.root, options.files[:-1], options.files[-1]),
}
