# Installs the PyPI package of a McpServer into a pod's emptyDir, before its sandbox starts: one exact version, wheels alone (a source package would run
# its own code while it is built), by hashes where there is a lock. Runs as the init container of the Python runner; there is no shell.
# It ends with 0, with 65 when trying again cannot help, with 75 when it may; the reason is one sentence in the termination message.
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

PERMANENT, TRANSIENT = 65, 75

OTHER_FILE = "a downloaded file is not the one the lock names (hash); nothing was installed"

# uv's own words are never passed on: they may name a proxy with its password or a private registry
FAULTS = [
    # first, and numbers as words of their own: a hash may hold any digits
    (r"[Hh]ash mismatch", PERMANENT, OTHER_FILE),
    (r"dns error|connect|timed? ?out|\b50[0234]\b|\b429\b|\btcp\b", TRANSIENT, "the registry does not answer"),
    (r"\b40[13]\b|[Uu]nauthorized|[Ff]orbidden", PERMANENT, "the registry refuses, or wants credentials (netrc or uv.toml in the registry's Secret)"),
    (r"hash", PERMANENT, OTHER_FILE),
    (r"no usable wheels|--no-build|building source", PERMANENT, "a package has no wheel for this platform, and is not built here; put it into an image of its own (stdio.image)"),
    (r"no version|not found in the package registry|unsatisfiable", PERMANENT, "the registry has no such package or version, or its dependencies contradict each other"),
    (r"certificate|UnknownIssuer", PERMANENT, "the registry's certificate is not trusted (ca.crt in the registry's Secret)"),
    (r"[Nn]o space", TRANSIENT, "the disk is full"),
]


class Fault(Exception):
    def __init__(self, message, code=PERMANENT):
        super().__init__(message)
        self.code = code


def setting(name, default=None):
    return os.environ.get(name) or default


def uv_environment(registry):
    env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE")}
    env |= {"UV_CACHE_DIR": f"{setting('TMPDIR', '/tmp')}/uv-cache", "UV_LINK_MODE": "copy", "UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never"}
    if url := setting("MCPHUB_REGISTRY_URL"):
        env["UV_DEFAULT_INDEX"] = url
    for name, file in {"UV_CONFIG_FILE": "uv.toml", "NETRC": "netrc", "SSL_CERT_FILE": "ca.crt"}.items():
        if (registry / file).exists():
            env[name] = str(registry / file)
    if "UV_CONFIG_FILE" not in env:
        env["UV_NO_CONFIG"] = "1"
    return env


def run_uv(env, *arguments):
    done = subprocess.run([setting("MCPHUB_UV", "uv"), *arguments], env=env, capture_output=True, text=True)
    if done.returncode == 0:
        return
    for pattern, code, message in FAULTS:
        if re.search(pattern, done.stderr):
            raise Fault(message, code)
    raise Fault("uv failed")


def plain(name):
    """As PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(package, lock):
    """By the lock: every file has its hash. Without one, dependencies are resolved anew."""
    name, version = package["pypi"]["name"], package["pypi"]["version"]
    if not lock.exists():
        return [f"{name}=={version}"]
    pinned = (re.match(r"([\w.-]+)==(\S+)", line) for line in lock.read_text().splitlines())
    if (plain(name), version) not in {(plain(pin[1]), pin[2]) for pin in pinned if pin}:
        raise Fault("the lock is of another package or version; nothing was installed")
    return ["--require-hashes", "--requirements", str(lock)]


def choose_program(folder, name, wanted):
    """The console script of the package itself, never one of its dependencies'."""
    sites = [str(site) for site in folder.glob("lib/python3*/site-packages")]
    own = [one for one in distributions(path=sites) if plain(one.name) == plain(name)]
    scripts = [entry.name for one in own for entry in one.entry_points if entry.group == "console_scripts"]
    if wanted:
        if wanted not in scripts:
            raise Fault(f"the package has no executable of that name; it has {', '.join(scripts)}")
        return wanted
    if len(scripts) == 1:
        return scripts[0]
    if name in scripts:
        return name
    if not scripts:
        raise Fault("the package has no executable (console script), so it is no server")
    raise Fault(f"the package has several executables ({', '.join(scripts)}); name one in `bin`")


def empty(folder):
    """What a killed container left behind: uv would start its Python, and with it what a package lets run at each start (.pth)."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def compile_modules(folder):
    """By the image's own Python, without `site`: the venv's would run the .pth files of packages, here beside the registry's credentials."""
    # a module that does not compile is the server's own affair; nobody changes one here, and the times of files may not survive a layer of an image
    options = ["-qq", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([sys.executable, "-I", "-S", "-m", "compileall", *options, str(folder / "lib")], env={}, capture_output=True)


def install():
    package = json.loads(os.environ["MCPHUB_PACKAGE"])
    folder = Path(setting("MCPHUB_PACKAGE_DIR", "/package"))
    env = uv_environment(Path(setting("MCPHUB_REGISTRY_DIR", "/etc/mcphub/registry")))
    lock = Path(setting("MCPHUB_LOCK_DIR", "/etc/mcphub/lock")) / "requirements.txt"
    empty(folder)
    run_uv(env, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder))
    if package.get("allowScripts"):
        raise Fault("packages of PyPI are never built here (allowScripts); put them into an image of their own (stdio.image)")
    options = ["--quiet", "--python", str(folder / "bin/python"), "--reinstall", "--only-binary", ":all:"]
    run_uv(env, "pip", "install", *options, *requirements(package, lock))
    compile_modules(folder)
    program = choose_program(folder, package["pypi"]["name"], package.get("bin"))
    server = folder / "bin/server"
    server.unlink(missing_ok=True)
    server.symlink_to(program)


def main():
    try:
        install()
    except Fault as fault:
        print(fault, file=sys.stderr)
        log = Path(setting("MCPHUB_TERMINATION_LOG", "/dev/termination-log"))
        if log.exists():
            log.write_text(str(fault))
        return fault.code
    return 0


sys.exit(main())
