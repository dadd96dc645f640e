"""No run hangs: what is waited for has a deadline, and an error that names what did not end.

A deadline is not a measure: it is far beyond what the slowest machine needs, and near enough to be waited for.
"""

import os
import signal
import subprocess
import time

# How long a step that depends on the size of the run may take: that of a quick run, until main() knows better.
_patience_seconds = 120


class DeadlineError(RuntimeError):
    """Something did not end in time."""


def patience():
    return _patience_seconds


def set_patience(seconds):
    global _patience_seconds
    _patience_seconds = seconds


def run(command, what, seconds=None, stdin=None):
    """As subprocess.run with text. A command that does not end is killed, with all that it has started."""
    seconds = seconds or patience()
    process = subprocess.Popen(command, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, err = process.communicate(stdin, timeout=seconds)
    except BaseException as error:
        _kill_group(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        if isinstance(error, subprocess.TimeoutExpired):
            raise DeadlineError("%s did not end within %d s, and was killed" % (what, seconds)) from None
        raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


class Background:
    """A command beside the measurement. As a context: its end is waited for, or it is killed when the body fails."""

    def __init__(self, command, what, seconds):
        self.what = what
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)

    def running(self):
        if self.process.poll() is None and time.monotonic() > self.deadline:
            _kill_group(self.process)
            raise DeadlineError("%s did not end within %d s, and was killed" % (self.what, self.seconds))
        return self.process.returncode is None

    def __enter__(self):
        return self

    def __exit__(self, kind, _error, _trace):
        if kind is not None:
            if self.process.poll() is None:
                _kill_group(self.process)
            return
        while self.running():
            time.sleep(0.02)
        if self.process.returncode != 0:
            raise RuntimeError("%s ended with status %d" % (self.what, self.process.returncode))


def end(process, what, seconds):
    """SIGTERM, and SIGKILL when that is not heeded: then what it leaves behind is not to be trusted."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        _kill_group(process)
        raise DeadlineError("%s did not end within %d s of SIGTERM, and was killed" % (what, seconds)) from None


def wait_until(condition, seconds, what, pause=0.05):
    """Asks until the answer is true; returns the moment (time.monotonic) at which it was."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise DeadlineError("%s: not within %d s" % (what, seconds))
        time.sleep(pause)
    return time.monotonic()


def _kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    # SIGKILL is not heeded only while the kernel waits for a disk.
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        raise DeadlineError("process %d does not even heed SIGKILL" % process.pid) from None
