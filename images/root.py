# A root file system with nothing but Python, its library, what those are linked against, certificates and two accounts: python3 images/root.py FOLDER.
# Runs in the build stage of Dockerfile.sandbox-python, by the Python that is to be copied; what comes out has no shell and no package manager but uv.
import ctypes
import importlib
import os
import shutil
import sys
import sysconfig
from pathlib import Path

# certificates, and where the loader finds libraries that lie in no folder of its own (the official image: /usr/local/lib); not every base has them
COPIED = ("/etc/ssl/certs/ca-certificates.crt", "/etc/ld.so.cache")
PASSWD = "root:x:0:0:root:/:/sbin/nologin\nsandbox:x:64536:64536:sandbox:/work:/sbin/nologin\n"
FILES = {
    "etc/passwd": PASSWD,
    "etc/group": "root:x:0:\nsandbox:x:64536:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
# tests, and what needs a screen
LEFT_OUT = ("test", "tests", "idlelib", "turtledemo", "tkinter", "ensurepip", "__pycache__", "site-packages", "dist-packages")


def load_everything(library):
    """Every extension module, so that what it is linked against is mapped."""
    for file in library.glob("lib-dynload/*.so"):
        try:
            importlib.import_module(file.name.split(".")[0])
        except ImportError:
            pass
    # what programs from wheels expect of every Linux (manylinux)
    for name in ("libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libz.so.1"):
        try:
            ctypes.CDLL(name)
        except OSError:
            pass


def mapped_libraries():
    with open("/proc/self/maps") as maps:
        files = {line[line.index("/"):].strip() for line in maps if "/" in line and ".so" in line}
    for file in sorted(files):
        path = Path(file)
        if not path.exists():
            continue
        stem = path.name.split(".so")[0]
        for beside in path.parent.glob(f"{stem}.so*"):
            if beside.resolve() == path.resolve():
                yield beside


def loaders():
    for folder in ("/lib64", "/lib"):
        yield from Path(folder).glob("ld-linux*.so.*")


def copy_to(root, path):
    target = root / str(path).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, target)


def collect(root):
    library = Path(sysconfig.get_path("stdlib"))
    load_everything(library)
    for path in [*mapped_libraries(), *loaders()]:
        copy_to(root, path)
    shutil.copytree(library, root / str(library).lstrip("/"), ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True, symlinks=False, ignore_dangling_symlinks=True)
    python = Path(os.path.realpath(sys.executable))
    copy_to(root, python)
    programs = root / "usr/local/bin"
    programs.mkdir(parents=True, exist_ok=True)
    for name in ("python3", "python"):
        if not (programs / name).exists():
            (programs / name).symlink_to(python)
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for path in COPIED:
        if Path(path).exists():
            copy_to(root, Path(path))
    for folder in ("tmp", "work", "package"):
        (root / folder).mkdir()
    (root / "tmp").chmod(0o1777)


collect(Path(sys.argv[1]))
