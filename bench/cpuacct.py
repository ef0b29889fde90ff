"""How much CPU has a server used, with every child, dead or alive?

Uses the cgroup v1 cpuacct controller where it is mounted, else cgroup v2, else /proc/<pid>/stat of
the process tree (which misses children that died unreaped).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

V1 = Path("/sys/fs/cgroup/cpuacct")
V2 = Path("/sys/fs/cgroup")


class Group:
    """An accounting group; what is started in it stays in it."""

    def __init__(self, name: str) -> None:
        self.v1 = (V1 / "cpuacct.usage").exists()
        self.v2 = not self.v1 and (V2 / "cgroup.controllers").exists()
        self.dir = (V1 if self.v1 else V2) / f"provisiond_bench_{name}_{os.getpid()}"
        self.proc: subprocess.Popen[bytes] | None = None
        if self.v1 or self.v2:
            self.dir.mkdir(parents=True, exist_ok=True)

    def start(
        self, cmd: list[str], cpus: str | None = None, nofile: int = 20_000, **kw: Any
    ) -> subprocess.Popen[bytes]:
        """Start a program in the group, pinned to `cpus`, with `nofile` files if it may have them.

        `kw` goes to Popen. The limit is the hard one where `nofile` is beyond it.
        """
        shell = f"ulimit -n {nofile} 2>/dev/null || ulimit -n $(ulimit -H -n); "
        if self.v1 or self.v2:
            shell += f"echo $$ > {self.dir}/cgroup.procs; "
        pinned = ["taskset", "-c", cpus] if cpus else []
        self.proc = subprocess.Popen(
            ["sh", "-c", shell + 'exec "$@"', "sh", *pinned, *cmd], start_new_session=True, **kw
        )
        return self.proc

    def pids(self) -> list[int]:
        """The live processes of the group."""
        if self.v1 or self.v2:
            return [int(pid) for pid in (self.dir / "cgroup.procs").read_text().split()]
        found: list[int] = []
        todo = [self.proc.pid] if self.proc is not None else []
        while todo:
            pid = todo.pop()
            with suppress(OSError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                found.append(pid)
                todo += [int(child) for child in children]
        return found

    def cpu(self) -> float:
        """Seconds of CPU, user and system."""
        if self.v1:
            return int((self.dir / "cpuacct.usage").read_text()) / 1e9
        if self.v2:
            return int((self.dir / "cpu.stat").read_text().split()[1]) / 1e6
        ticks = 0
        for pid in self.pids():
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ticks += sum(int(fields[i]) for i in (11, 12, 13, 14))
        return ticks / os.sysconf("SC_CLK_TCK")

    def rss_mib(self) -> float:
        """Resident memory of the live processes in MiB, shared pages by their share (PSS)."""
        kib = 0
        for pid in self.pids():
            with suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        kib += int(line.split()[1])
        return kib / 1024

    def stop(self) -> None:
        """End every process that was started in the group, by TERM and after 3 s by KILL."""
        for sig in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.pids():
                with suppress(OSError):
                    os.kill(pid, sig)
            if self._gone(within=3.0):
                break
        if self.proc is not None:
            with suppress(subprocess.TimeoutExpired):
                self.proc.wait(3)
        if self.v1 or self.v2:
            with suppress(OSError):
                self.dir.rmdir()

    def _gone(self, within: float) -> bool:
        end = time.monotonic() + within
        while time.monotonic() < end:
            if self.proc is not None:
                self.proc.poll()
            if not self.pids():
                return True
            time.sleep(0.1)
        return False
