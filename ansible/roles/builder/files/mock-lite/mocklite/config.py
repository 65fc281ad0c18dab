"""mock config files: Python that fills `config_opts`, with include(). Read with the caller's rights, for it is the
caller's code."""

import ast
import configparser
import hashlib
import io
import json
import os
import platform
import traceback
from pathlib import Path

from . import NAME
from .errors import ConfigError, PackageManagerError

ROOT_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")

# Modes that go on in a root that is there, and leave it there.
CONTINUING = ("installdeps", "install", "chroot", "shell", "copyin", "copyout")


def defaults():
    """config_opts before any file is read: mock's names and values; `coppice_…` are ours and real mock ignores them."""
    return {
        "basedir": "/var/lib/mock",
        "cache_topdir": "/var/cache/mock",
        "config_path": "/etc/mock",
        "root": "",
        "target_arch": platform.machine(),
        "legal_host_arches": (platform.machine(),),
        "rpmbuild_arch": None,
        "chroot_setup_cmd": "",
        "releasever": None,
        "package_manager": "dnf",
        "dnf.conf": "",
        "dist": None,
        "macros": {
            "%_topdir": "/builddir/build",
            "%_rpmfilename": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
            "%_buildhost": "localhost",
        },
        "environment": {},
        "chroothome": "/builddir",
        "chrootuser": "mockbuild",
        "chrootuid": 61000,
        "rpmbuild_timeout": 0,
        "rpmbuild_networking": False,
        "rpmbuild_command": "/usr/bin/rpmbuild",
        "rpmbuild_opts": "",
        "use_host_resolv": False,
        "cleanup_on_success": True,
        "cleanup_on_failure": True,
        "clean": True,
        "resultdir": None,
        "plugin_conf": {},
        "files": {},
        "chroot_additional_packages": "",
        "macrofile": None,
        "module_setup_commands": [],
        "forcearch": None,
        "nspawn_args": [],
        # 0 = no limit; None = all enabled repositories
        "coppice_disk_quota_bytes": 0,
        "coppice_disk_most_bytes": 0,
        "coppice_memory_bytes": 0,
        "coppice_log_limit_bytes": 256 << 20,
        "coppice_base_repos": None,
    }


class ConfigOpts(dict):
    """A dict in which plug-in settings may be set without being made first, as real mock's templates expect."""

    def __missing__(self, key):
        if key in ("yum.conf",):
            return self["dnf.conf"]
        raise KeyError(key)


def find(name, folder):
    """Path of a config given by path or by name."""
    path = Path(name) if name.endswith(".cfg") or "/" in name else Path(folder) / f"{name}.cfg"
    if not path.is_file():
        raise ConfigError(f"Could not find required config file: {path}")
    return path.absolute()


def run_file(path, config_opts, seen):
    """Runs one config file. `include(file)` inside it runs another into the same config_opts, once."""

    def include(name):
        target = Path(config_opts["config_path"]) / name
        if target in seen:
            return
        if not target.is_file():
            raise ConfigError(f"{path}: could not find included config file: {target}")
        run_file(target, config_opts, seen)

    seen.add(path)
    try:
        code = compile(path.read_text(), str(path), "exec")
        exec(code, {"config_opts": config_opts, "include": include, "__file__": str(path)})
    except ConfigError:
        raise
    except BaseException as problem:  # whatever the caller's code does is a bad config, exit() included
        line = next(
            (
                frame.lineno
                for frame in reversed(traceback.extract_tb(problem.__traceback__))
                if frame.filename == str(path)
            ),
            None,
        )
        line = problem.lineno if isinstance(problem, SyntaxError) else line
        raise ConfigError(
            f"Config error in {path}{f', line {line}' if line else ''}: {type(problem).__name__}: {problem}"
        ) from None


def load(options):
    """config_opts of a command line: defaults, site-defaults.cfg, the config, then the options. Raises ConfigError."""
    config_opts = ConfigOpts(defaults())
    config_opts["config_path"] = options.configdir
    config_opts["chroot_name"] = Path(options.chroot).name.removesuffix(".cfg")
    seen = set()
    site = Path(options.configdir) / "site-defaults.cfg"
    if site.is_file():
        run_file(site, config_opts, seen)
    run_file(find(options.chroot, options.configdir), config_opts, seen)
    apply_options(config_opts, options)
    check(config_opts)
    config_opts["coppice_macro_text"] = read_macro_file(config_opts["macrofile"])
    return json.loads(json.dumps(dict(config_opts), default=list))


def apply_options(config_opts, options):
    """What the command line says wins over the files."""
    for text in options.config_opts:
        key, separator, value = text.partition("=")
        if not separator:
            raise ConfigError(f"--config-opts {text}: expected KEY=VALUE")
        try:
            config_opts[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            config_opts[key] = value
    macros = config_opts["macros"]
    for text in options.define:
        name, _, value = text.strip().partition(" ")
        macros[f"%{name.lstrip('%')}"] = value.strip()
    for name in options.with_:
        macros[f"%_with_{name}"] = f"--with-{name}"
    for name in options.without:
        macros[f"%_without_{name}"] = f"--without-{name}"
    for number, url in enumerate(options.addrepo):
        config_opts[
            "dnf.conf"
        ] += f"\n[addrepo{number}]\nname=addrepo{number}\nbaseurl={url}\nenabled=1\ngpgcheck=0\nskip_if_unavailable=0\n"
    if options.rpmbuild_timeout is not None:
        config_opts["rpmbuild_timeout"] = options.rpmbuild_timeout
    if options.enable_network:
        config_opts["rpmbuild_networking"] = config_opts["use_host_resolv"] = True
    if options.cleanup is not None:
        config_opts["cleanup_on_success"] = config_opts["cleanup_on_failure"] = options.cleanup
    if options.uniqueext:
        config_opts["unique-ext"] = options.uniqueext
    if config_opts.get("unique-ext"):
        config_opts["root"] = f"{config_opts['root']}-{config_opts['unique-ext']}"
    if options.resultdir:
        config_opts["resultdir"] = options.resultdir
    config_opts["clean"] = bool(options.clean) and options.mode not in CONTINUING
    if options.arch:
        config_opts["target_arch"] = options.arch


def read_macro_file(path):
    """The text of `macrofile`: macros that stand before those of `macros`. Raises ConfigError."""
    if not path:
        return ""
    try:
        return Path(path).read_text()
    except (OSError, ValueError) as problem:
        raise ConfigError(f"config_opts['macrofile']: {path}: {problem}") from None


def check(config_opts):
    """Raises ConfigError if a build cannot even start with these."""
    root = config_opts["root"]
    if not isinstance(root, str) or not root or root[0] in ".-" or not set(root) <= ROOT_NAME_LETTERS:
        raise ConfigError(f"config_opts['root'] must be a plain name, not {root!r}")
    if not str(config_opts["chroot_setup_cmd"]).split():
        raise ConfigError("config_opts['chroot_setup_cmd'] is not set")
    if platform.machine() not in config_opts["legal_host_arches"]:
        raise ConfigError(
            f"Cannot build target {config_opts['target_arch']} on arch {platform.machine()}, because it is not listed in legal_host_arches"
        )
    if config_opts["package_manager"] not in ("dnf", "dnf4"):
        raise ConfigError(f"mock-lite only knows package_manager 'dnf', not {config_opts['package_manager']!r}")
    if config_opts["forcearch"] not in (None, platform.machine()):
        raise ConfigError(
            f"mock-lite cannot emulate config_opts['forcearch'] = {config_opts['forcearch']!r}: it needs a builder with real mock"
        )
    if config_opts["module_setup_commands"]:
        raise ConfigError(
            "mock-lite knows no modules: config_opts['module_setup_commands'] needs a builder with real mock"
        )
    try:
        read_dnf_conf(config_opts["dnf.conf"])
    except configparser.Error as problem:
        raise ConfigError(f"config_opts['dnf.conf'] is not a dnf configuration: {problem}") from None


def read_dnf_conf(text):
    """dnf.conf text → ConfigParser. Raises configparser.Error."""
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.read_string(text)
    return parsed


def effective_dnf_conf(config_opts, cache, only=None, plugin_folders=()):
    """Text of the dnf.conf that dnf is run with; `only` = repository ids, None for all; `plugin_folders` = where
    dnf's plug-ins lie."""
    parsed = read_dnf_conf(config_opts["dnf.conf"])
    if not parsed.has_section("main"):
        parsed.add_section("main")
    forced = {
        "cachedir": cache,
        "logdir": f"{cache}/log",
        "reposdir": "/dev/null",
        "keepcache": "1",
        "install_weak_deps": "0",
    }
    for key, value in forced.items():
        if key not in ("install_weak_deps", "keepcache") or not parsed.has_option("main", key):
            parsed.set("main", key, str(value))
    if plugin_folders:
        parsed.set("main", "pluginpath", ",".join(plugin_folders))
    for section in parsed.sections():
        if section != "main":
            if only is not None and section not in only:
                parsed.remove_section(section)
            else:
                parsed.set(section, "metadata_expire", "0")
    text = io.StringIO()
    parsed.write(text, space_around_delimiters=False)
    return text.getvalue()


def base_repositories(config_opts):
    """Ids of the repositories that the base root is made from: `coppice_base_repos`, else all that are enabled."""
    parsed = read_dnf_conf(config_opts["dnf.conf"])
    chosen = config_opts["coppice_base_repos"]
    enabled = [
        name for name in parsed.sections() if name != "main" and parsed.get(name, "enabled", fallback="1") != "0"
    ]
    return [name for name in enabled if chosen is None or name in chosen]


def fetch_repomd(url):
    """The bytes of a repository's repomd.xml."""
    import urllib.request  # here: it takes longer to load than all of mock-lite, and only the worker fetches

    with urllib.request.urlopen(url.split()[0].rstrip("/") + "/repodata/repomd.xml", timeout=20) as answer:
        return answer.read(1 << 20)


def base_key(config_opts, read_repomd=fetch_repomd):
    """Hash of all that the base root depends on. A repository counts by its content, not by its address; project
    repositories (not in coppice_base_repos) do not count. Raises PackageManagerError if a base repository does not
    answer."""
    parsed = read_dnf_conf(config_opts["dnf.conf"])
    facts = {
        "program": NAME,
        "setup": config_opts["chroot_setup_cmd"],
        "releasever": config_opts["releasever"],
        "arch": config_opts["target_arch"],
        "uid": config_opts["chrootuid"],
        "home": config_opts["chroothome"],
        "main": sorted(parsed.items("main")) if parsed.has_section("main") else [],
        "repos": {},
    }
    for name in base_repositories(config_opts):
        options = dict(parsed.items(name))
        url = options.pop("baseurl", None)
        if url and "$" not in url:
            try:
                options["repomd"] = hashlib.sha256(read_repomd(url)).hexdigest()
            except (OSError, ValueError) as problem:
                raise PackageManagerError(
                    f"Failed to download metadata for repo '{name}': {url.strip()}: {problem}"
                ) from None
        else:
            options["baseurl"] = url
        facts["repos"][name] = options
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


def own_folders(config_opts):
    """(folder of this root, folder of the shared caches)."""
    return Path(config_opts["basedir"]) / config_opts["root"], Path(config_opts["cache_topdir"]) / "mock-lite"


def caller_ids():
    """(uid, gid) of who called: through sudo the user behind it."""
    return int(os.environ.get("SUDO_UID", os.getuid())), int(os.environ.get("SUDO_GID", os.getgid()))
