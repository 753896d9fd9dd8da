"""A program whose time is over ends, says where it stood, and leaves nothing behind."""

import os
import sys
import time
from pathlib import Path

from rcm_site.testing.limit import finished_within

HANGS = """
import faulthandler, subprocess, sys, time
faulthandler.enable(open(sys.argv[1], "w"))
print(subprocess.Popen(["sleep", "600"], start_new_session=True).pid, file=open(sys.argv[2], "w"), flush=True)
def wait_for_ever(): time.sleep(600)
wait_for_ever()
"""


def is_gone(pid: int) -> bool:
    for _ in range(50):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


def test_what_hangs_is_ended_with_all_it_started_and_says_where_it_stood(tmp_path):
    stacks, orphan = tmp_path / "stacks", tmp_path / "orphan"

    assert not finished_within(2, [sys.executable, "-c", HANGS, str(stacks), str(orphan)], os.environ)

    assert "wait_for_ever" in stacks.read_text()
    assert is_gone(int(orphan.read_text()))


def test_what_ends_in_time_has_finished(tmp_path):
    assert finished_within(60, [sys.executable, "-c", "raise SystemExit(1)"], os.environ)
