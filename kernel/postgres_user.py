"""As whom the embedded server runs: the present user, or an unprivileged one when that is root (PostgreSQL insists)."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SYSTEM_USER = "gongfang"
# It lies where only an administrator's search path looks; started by a timer, this process may not have such a path.
_USERADD = (
    shutil.which("useradd", path=os.pathsep.join(["/usr/local/sbin", "/usr/sbin", "/sbin", os.defpath])) or "useradd"
)
_PASS = stat.S_IXGRP | stat.S_IXOTH
_READ = stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True)
class RunAs:
    """A user for a program that is started; ``is_other`` when it is not the present one."""

    uid: int
    gid: int
    is_other: bool

    def options(self) -> dict[str, Any]:
        """What :func:`subprocess.run` needs to start something as this user."""
        surroundings = {"PATH": os.defpath, "LC_ALL": "C"}
        if not self.is_other:
            return {"env": surroundings}
        return {"env": surroundings, "user": self.uid, "group": self.gid, "extra_groups": [], "cwd": "/"}

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)


def who_runs(data_dir: Path, programs: Path | None = None) -> RunAs:
    """The user for the server in ``data_dir``: its owner, or as root a system user, made if need be.

    With ``programs`` the way there and to the data is opened for that user, no wider than needed.
    """
    if os.geteuid() != 0:
        return RunAs(os.geteuid(), os.getegid(), is_other=False)
    owner = data_dir.stat() if data_dir.is_dir() else None
    if owner and owner.st_uid != 0:
        found = RunAs(owner.st_uid, owner.st_gid, is_other=True)
    else:
        entry = _system_user()
        found = RunAs(entry.pw_uid, entry.pw_gid, is_other=True)
    if programs:
        _let_pass(data_dir.parent)
        _let_pass(programs.resolve().parent)
        _let_read(programs.resolve().parent.parent)
    return found


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        command = [_USERADD, "--system", "--no-create-home", "--home-dir", "/", "--shell", "/usr/sbin/nologin"]
        subprocess.run([*command, _SYSTEM_USER], check=True, capture_output=True, text=True)
        return pwd.getpwnam(_SYSTEM_USER)


def _let_pass(folder: Path) -> None:
    """Let the user walk through to ``folder``: the right to pass, not to look around."""
    for part in (folder, *folder.parents):
        mode = part.stat().st_mode
        if not mode & stat.S_IXOTH:
            part.chmod(mode | _PASS)


def _let_read(tree: Path) -> None:
    """Let the user read the programs, where a strict umask had kept them to root."""
    for path in (tree, *tree.rglob("*")):
        mode = path.stat().st_mode
        wanted = _READ | (_PASS if path.is_dir() or mode & stat.S_IXUSR else 0)
        if mode & wanted != wanted:
            path.chmod(mode | wanted)
