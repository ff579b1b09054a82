"""Running a server without root's rights. PostgreSQL refuses to run as root, and rightly.

When we are root, a system user runs it. Everything it touches has to be reachable by that user: each directory
above must let others pass. A home under `/root` does not, so its Postgres directory is a link to one that does.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import stat
import subprocess
from pathlib import Path

from kgqa.embedded.process import Account
from kgqa.errors import ConfigurationError

USER = "kgqa-postgres"
ELSEWHERE = Path("/var/lib/kgqa")


def account_for(directory: Path) -> Account | None:
    """Who runs the server on `directory`: its owner when we are root, the system user if that is root; else None."""
    if os.geteuid() != 0:
        return None
    if directory.exists():
        owner = directory.stat()
        if owner.st_uid != 0:
            return Account(uid=owner.st_uid, gid=owner.st_gid, name=_name_of(owner.st_uid))
    return _system_user()


def private_directory(link: Path) -> Path:
    """The directory at `link`, made if missing, owned and reachable by who runs the server."""
    if not link.exists():
        account = account_for(link)
        if account is None or is_reachable(link.parent, account):
            link.mkdir()
            place = link
        else:
            place = ELSEWHERE / f"{link.name}-{secrets.token_hex(6)}"
            place.mkdir(parents=True)
            link.symlink_to(place)
        if account is not None:
            os.chown(place, account.uid, account.gid)
        place.chmod(0o700)
    return link.resolve()


def is_reachable(path: Path, account: Account) -> bool:
    """Whether the account may enter `path` and every directory above it."""
    path = path.resolve()
    return all(_may_pass(directory.stat(), account) for directory in (path, *path.parents))


def _may_pass(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise ConfigurationError(
            f"The data of Postgres belongs to user id {uid}, which this machine does not know.",
            hint="create that user, or set KGQA_HOME to a new directory.",
        ) from None


def _system_user() -> Account:
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        entry = _create_system_user()
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, name=USER)


def _create_system_user() -> pwd.struct_passwd:
    tool = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    problem = "there is no useradd"
    if tool:
        done = subprocess.run(
            [tool, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", USER],
            capture_output=True,
            text=True,
            check=False,
        )
        problem = done.stderr.strip()
    try:
        return pwd.getpwnam(USER)  # also when another process was faster
    except KeyError:
        raise ConfigurationError(
            f"PostgreSQL does not run as root, and the system user {USER} could not be created: {problem}.",
            hint=f"create the user {USER}, or run kgqa as a normal user.",
        ) from None
