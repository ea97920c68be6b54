"""Set Tallybook up on a machine that has only Python and pip, then run it.

    python3 run.py demo          play a month of usage, up to a replayed invoice
    python3 run.py test          linters, types, import rules and the test suite
    python3 run.py bench …       the benchmarks; without a name, which there are
    python3 run.py serve …       any other words go to the `tallybook` command

The first start installs exactly what requirements.lock names, each file checked against its hash,
into a folder `.tallybook` of the checkout (or of the user's cache, where the checkout belongs to
someone else). Later starts go straight to the installed program.
"""

import hashlib
import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent
LOCK = CHECKOUT / "requirements.lock"


def main(words: "list[str]") -> int:
    """Set up where needed, then hand over to the program."""
    if sys.version_info < (3, 11):  # noqa: UP036  said here, before anything fails obscurely
        found = ".".join(map(str, sys.version_info[:3]))
        return refuse(f"Tallybook needs Python 3.11 or newer; {sys.executable} is {found}.")
    if os.name != "posix":
        return refuse("Tallybook runs on Linux and macOS; on Windows, use WSL2.")
    home = own_folder()
    if home is None:
        return refuse(f"Neither {CHECKOUT} nor your cache folder can be written to.")
    environment = home / "venv-{}.{}".format(*sys.version_info)
    if not is_current(environment) and not set_up(home, environment):
        return 1
    python = str(environment / "bin" / "python")
    if words[:1] == ["test"]:
        return test(home, environment, words[1:])
    if words[:1] == ["bench"]:
        os.chdir(CHECKOUT)
        program = ["-m", "benchmarks", *words[1:]]
    else:
        program = ["-m", "api.main", *words]
    return os.execv(python, [python, *program])  # noqa: S606


def refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1


def own_folder() -> "Path | None":
    """Where the installation goes: never a folder that another user could have prepared."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]
    for folder in (CHECKOUT / ".tallybook", cache / "tallybook" / name):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK):
            return folder
    return None


def state() -> str:
    """What an installation has to agree with."""
    parts = [LOCK.read_bytes(), (CHECKOUT / "pyproject.toml").read_bytes()]
    parts += [os.fsencode(CHECKOUT), sys.version.encode(), os.fsencode(sys.base_prefix)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_current(environment: Path) -> bool:
    try:
        return (environment / "complete").read_text() == state()
    except OSError:
        return False


def set_up(home: Path, environment: Path) -> bool:
    """Install, while other starts wait. Returns whether it succeeded."""
    import fcntl
    import shutil
    import time

    with (home / "set-up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_current(environment):
            return True
        print("Setting up, once: installing what requirements.lock names …", file=sys.stderr)
        started = time.monotonic()
        reasons = []
        for install in (with_uv, with_pip):
            shutil.rmtree(environment, ignore_errors=True)
            reason = install(home, environment)
            if reason is None:
                (environment / "complete").write_text(state())
                print(f"Set up in {time.monotonic() - started:.1f} s.", file=sys.stderr)
                return True
            reasons.append(reason)
    print("\n".join(["The set-up failed.", *reasons]), file=sys.stderr)
    return False


def with_uv(home: Path, environment: Path) -> "str | None":
    """Install with uv, itself fetched by pip. Returns why it failed, if it did."""
    uv = str(home / "uv" / "bin" / "uv")
    python = str(environment / "bin" / "python")
    pip = [uv, "pip", "install", "--quiet", "--python", python]
    return fetch_uv(home) or first_failure(
        [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(environment)],
        [*pip, "--require-hashes", "-r", str(LOCK)],
        [*pip, "--no-deps", "--no-build-isolation", "--editable", str(CHECKOUT)],
    )


def fetch_uv(home: Path) -> "str | None":
    """Put the uv that the lock names into `home`."""
    lines = LOCK.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("uv=="))
    end = start + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    wanted = "\n".join(lines[start:end]) + "\n"
    requirement = home / "uv.requirement"
    if requirement.exists() and requirement.read_text() == wanted:
        return None
    unfinished = home / "uv.requirement.new"
    unfinished.write_text(wanted)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--require-hashes", "--upgrade", "--target", str(home / "uv")]
    failure = first_failure([*pip, *options, "-r", str(unfinished)])
    if failure is None:
        unfinished.replace(requirement)
    return failure


def with_pip(home: Path, environment: Path) -> "str | None":
    """Install with the venv and pip of this Python, slower but with nothing to fetch before."""
    del home
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "install"]
    quiet = ["--quiet", "--disable-pip-version-check"]
    return first_failure(
        [sys.executable, "-m", "venv", "--without-pip", str(environment)],
        [*pip, *quiet, "--require-hashes", "-r", str(LOCK)],
        [*pip, *quiet, "--no-deps", "--no-build-isolation", "--editable", str(CHECKOUT)],
    )


def first_failure(*commands: "list[str]") -> "str | None":
    """Run the commands in turn; what the first one that fails says, or None."""
    import subprocess

    # uv trusts the system's certificates, as pip does, and takes this Python, never another.
    settings = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", "UV_PYTHON_DOWNLOADS": "never"}
    environment = {**os.environ, **settings, "PIP_USER": "0"}
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        environment.pop(name, None)
    for command in commands:
        try:
            ran = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
        except OSError as error:
            return f"{command[0]}: {error.strerror}"
        if ran.returncode != 0:
            return f"{' '.join(command[:4])} …: {(ran.stderr or ran.stdout).strip()[-1500:]}"
    return None


def test(home: Path, environment: Path, words: "list[str]") -> int:
    """Run every check; `words` go to pytest. What the checks keep for next time stays in `home`."""
    import subprocess
    import time

    programs = environment / "bin"
    python = str(programs / "python")
    checks = {
        "ruff check": [str(programs / "ruff"), "check", "."],
        "ruff format": [str(programs / "ruff"), "format", "--check", "."],
        "pyright": [str(programs / "pyright"), "--pythonpath", python],
        "import rules": [str(programs / "lint-imports"), "--cache-dir", str(home / "imports")],
        "tests": [python, "-m", "pytest", "-n", "2", "-o", f"cache_dir={home / 'pytest'}", *words],
    }
    settings = {
        "HYPOTHESIS_STORAGE_DIRECTORY": str(home / "hypothesis"),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
        "PYTHONPYCACHEPREFIX": str(home / "bytecode"),
        "RUFF_CACHE_DIR": str(home / "ruff"),
        "VIRTUAL_ENV": str(environment),
    }
    failed = []
    for name, command in checks.items():
        print(f"== {name}", flush=True)
        started = time.monotonic()
        if subprocess.run(
            command, cwd=CHECKOUT, env={**os.environ, **settings}, check=False
        ).returncode:
            failed.append(name)
        print(f"== {name}: {time.monotonic() - started:.1f} s", flush=True)
    print(f"Failed: {', '.join(failed)}." if failed else "All checks passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
