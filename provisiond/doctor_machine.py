"""Is the machine fit? File limit, kernel buffers, clock, disk, and who owns which file."""

import os
import pwd
import resource
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from provisiond.boot.tftp_socket import RECEIVE_BUFFER, ask_for_buffer
from provisiond.doctor_notes import Note, fault, warning, well
from provisiond.settings import Settings

_OWN_FILES = 200  # store, families, log, listeners
_TRANSFER_FILES = 2  # a socket, and an asset's file
_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")
_WAITING = 4096
_LITTLE_SPACE = 500 << 20
_NO_SPACE = 50 << 20
_CLOCK_SLACK = timedelta(minutes=5)


def look_at_machine(settings: Settings, at: datetime) -> Iterator[Note]:
    """What the machine gives, beside the store and the network. `at` is what its clock says."""
    yield _file_limit(settings)
    yield receive_buffer(RECEIVE_BUFFER)
    yield _backlog()
    yield _clock(settings, at)
    yield from _folder(settings.data_dir)
    yield from _key(settings.secret_key_path, settings.data_dir)


def _file_limit(settings: Settings) -> Note:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    boot = settings.boot
    wanted = boot.max_connections + _TRANSFER_FILES * boot.max_transfers + _OWN_FILES
    if hard != resource.RLIM_INFINITY and hard < wanted:
        return warning(
            "file limit",
            f"a process may open {hard} files; {boot.max_connections} connections and "
            f"{boot.max_transfers} transfers at once need {wanted}.",
            f"Set LimitNOFILE={wanted} in the unit (ulimit -Hn {wanted} in a shell), or lower "
            "boot.max_connections and boot.max_transfers.",
        )
    return well("file limit", f"{hard} files")


def receive_buffer(wanted: int) -> Note:
    """Whether the kernel grants a TFTP listener `wanted` bytes of receive buffer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        granted = ask_for_buffer(probe, wanted)
    if granted < wanted:
        return warning(
            "kernel buffers",
            f"a socket gets {granted} bytes of receive buffer in place of {wanted}: a "
            "storm of TFTP requests may lose some.",
            f"Install systemd/sysctl.conf, or run: sysctl -w net.core.rmem_max={wanted}",
        )
    return well("kernel buffers", f"{granted} bytes for TFTP requests that wait")


def _backlog() -> Note:
    with suppress(OSError, ValueError):
        most = int(_SOMAXCONN.read_text())
        if most < _WAITING:
            return warning(
                "connections that wait",
                f"the kernel lets {most} wait to be accepted and resets the others.",
                "Install systemd/sysctl.conf, or run: sysctl -w net.core.somaxconn=16384",
            )
        return well("connections that wait", f"{most}")
    return well("connections that wait", "the kernel does not say")


def _clock(settings: Settings, at: datetime) -> Note:
    """A clock that is behind is found by files that it says are still to be written."""
    for path in (Path(__file__), settings.secret_key_path, settings.data_dir):
        with suppress(OSError):
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if changed > at + _CLOCK_SLACK:
                return clock_fault(at, f"{path} was changed on {changed:%Y-%m-%d %H:%M} UTC")
    return well("clock", f"{at:%Y-%m-%d %H:%M} UTC")


def clock_fault(at: datetime, found: str) -> Note:
    """The clock is behind what was found."""
    return fault(
        "clock",
        f"the clock says {at:%Y-%m-%d %H:%M} UTC, but {found}. Enrolments, certificates and "
        "log-ins go by the clock.",
        "Set it, and keep it right with NTP: timedatectl set-ntp true",
    )


def _folder(data_dir: Path) -> Iterator[Note]:
    try:
        mode = data_dir.stat().st_mode
    except OSError as error:
        yield fault(
            "data folder",
            f"{data_dir} cannot be looked at: {error.strerror}.",
            "Set data_dir to the right place, mount its disk, or run: provisiond init",
        )
        return
    if os.statvfs(data_dir).f_flag & os.ST_RDONLY:
        yield fault(
            "data folder",
            f"{data_dir} is on a disk that is mounted read-only: nothing can be changed.",
            "Look in the kernel's log (dmesg) whether the disk fails, then mount it for writing.",
        )
    elif not os.access(data_dir, os.W_OK | os.X_OK):
        yield fault(
            "data folder",
            f"{_me()} may not write to {data_dir}.",
            f"Run: chown {_me()}: {data_dir}",
        )
    elif mode & stat.S_IWOTH:
        yield fault(
            "data folder",
            f"every user of this machine may write to {data_dir}.",
            f"Run: chmod 750 {data_dir}",
        )
    else:
        yield well("data folder", str(data_dir))
    yield _space(data_dir)


def _space(data_dir: Path) -> Note:
    free = shutil.disk_usage(data_dir).free
    text = f"{free >> 20} MiB are free where {data_dir} is"
    remedy = "Free some space or enlarge the disk; journal.keep_days and keep_rows bound the store."
    if free < _NO_SPACE:
        return fault("disk space", f"{text}: changes will soon be refused.", remedy)
    if free < _LITTLE_SPACE:
        return warning("disk space", f"{text}.", remedy)
    return well("disk space", text)


def _key(path: Path, data_dir: Path) -> Iterator[Note]:
    try:
        status = path.stat()
        owner = data_dir.stat().st_uid
    except OSError as error:
        yield fault(
            "secret key",
            f"{path} cannot be looked at: {error.strerror}.",
            "Put it back from your backup: without it the store's secrets cannot be read. Only a "
            "new store gets a new one: provisiond init",
        )
        return
    if path.parent == data_dir and status.st_uid != owner:
        yield fault(
            "secret key",
            f"{path} belongs to {_name(status.st_uid)}, and {data_dir} to {_name(owner)}: the "
            "daemon cannot read it.",
            f"Run: chown {_name(owner)}: {path}",
        )
    elif stat.S_IMODE(status.st_mode) & 0o077:
        yield fault(
            "secret key",
            f"others may read {path} (mode {stat.S_IMODE(status.st_mode):04o}).",
            f"Run: chmod 600 {path}",
        )
    else:
        yield well("secret key", str(path))


def _me() -> str:
    return _name(os.geteuid())


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"uid {user}"
