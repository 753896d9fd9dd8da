"""Leads the process group of everything a supervisor starts, and ends it when the supervisor is gone.

It waits on a pipe that only the supervisor holds: however that process ends, kill -9 included, the pipe
closes. Runs as a plain script, without Django. Its arguments are directories to remove afterwards.
"""

import os
import signal
import subprocess
import sys

if __name__ == "__main__":
    # The group's SIGTERM and a terminal's Ctrl-C ask the others to finish; the guard stays until they have.
    for request in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(request, signal.SIG_IGN)
    sys.stdin.buffer.read()
    if sys.argv[1:]:
        subprocess.Popen(["rm", "-rf", "--", *sys.argv[1:]], start_new_session=True)
    os.killpg(0, signal.SIGKILL)
