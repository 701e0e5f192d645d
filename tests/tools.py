"""Programs of other projects that tests run. `make tools` brings those that are missing.

They are taken from the PATH, else from Debian's package, which is unpacked into .venv: nothing of
the system is changed, and no service is started.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE_OF = {"prometheus": "prometheus", "promtool": "prometheus"}
# Puts the manifests together, as kubectl does where there is one; by Go's module proxy.
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.6.0"
UNPACKED = Path(__file__).parents[1] / ".venv" / "tools"
PROGRAMS = UNPACKED / "usr" / "bin"
REMEDY = (
    "put prometheus and promtool on the PATH (Debian and Ubuntu: apt-get install prometheus; "
    "elsewhere: https://prometheus.io/download)"
)


def tool(name: str) -> str:
    """Where a program is. Raises FileNotFoundError with what to do."""
    unpacked = PROGRAMS / name
    found = shutil.which(name) or (str(unpacked) if unpacked.is_file() else None)
    if found is None:
        raise FileNotFoundError(f"{name} is not here: run `make tools`, or {REMEDY}")
    return found


def bring(package: str) -> bool:
    """Unpacks a package of Debian's; whether it worked."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return False
    with tempfile.TemporaryDirectory() as directory:
        download = ["apt-get", "-o", "APT::Sandbox::User=root", "download", package]
        if _fails(download, directory):
            as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
            _fails([*as_root, "apt-get", "-qq", "update"], directory)
            if _fails(download, directory):
                return False
        found = next(Path(directory).glob("*.deb"))
        UNPACKED.mkdir(parents=True, exist_ok=True)
        return not _fails(["dpkg-deb", "-x", str(found), str(UNPACKED)], directory)


def _fails(command: list[str], directory: str) -> bool:
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, check=False)
    except OSError:
        return True
    return done.returncode != 0


def main() -> int:
    """0: all are here."""
    for name, package in PACKAGE_OF.items():
        try:
            tool(name)
        except FileNotFoundError:
            if not bring(package):
                print(f"make tools: {name} is missing, and could not be had: {REMEDY}")
                return 2
    if not any(
        shutil.which(name) or (PROGRAMS / name).is_file() for name in ("kustomize", "kubectl")
    ):
        os.environ["GOBIN"] = str(PROGRAMS)
        if _fails(["go", "install", KUSTOMIZE], "."):
            print(f"make tools: there is no kubectl, and no Go for `go install {KUSTOMIZE}`")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
