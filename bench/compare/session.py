"""One connection that stays open: for questions that are asked often."""

import os
import select
import subprocess
import time

import deadlines

ANSWER_SECONDS = 60


class Session:
    END = "--end--"

    def __init__(self, server):
        self.name = "server %d" % server.server_id
        self.process = subprocess.Popen(server.client() + ["--unbuffered"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.lines = _Lines(self.process.stdout)

    def value(self, query, seconds=ANSWER_SECONDS):
        """The last line of the answer. After an error the connection is of no more use."""
        deadline = time.monotonic() + seconds
        found = ""
        try:
            self.process.stdin.write(("%s;\nSELECT '%s';\n" % (query, self.END)).encode())
            while (line := self.lines.line(deadline)) != self.END:
                if line is None:
                    raise RuntimeError("%s: %s: the connection is lost: %s" % (self.name, query, found))
                found = line
        except BrokenPipeError:
            raise RuntimeError("%s: %s: the connection is lost" % (self.name, query)) from None
        except TimeoutError:
            self.close()
            raise deadlines.DeadlineError("%s: %s: no answer within %d s" % (self.name, query, seconds)) from None
        return found

    def close(self):
        self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()

    def wait_for(self, query, wanted, seconds, what):
        """Asks until the answer is the wanted one; returns the moment (time.monotonic) it was seen."""
        seen = ""

        def answered():
            nonlocal seen
            seen = self.value(query)
            return seen == wanted

        try:
            return deadlines.wait_until(answered, seconds, what, 0.003)
        except deadlines.DeadlineError as error:
            raise deadlines.DeadlineError("%s; last seen: %s" % (error, seen)) from None


class _Lines:
    """The lines of a pipe, each with a deadline. The pipe is unbuffered."""

    def __init__(self, pipe):
        self.descriptor = pipe.fileno()
        self.bytes = b""

    def line(self, deadline):
        """Without its end; nothing at the pipe's end. TimeoutError when time.monotonic() has passed the deadline."""
        while b"\n" not in self.bytes:
            if not select.select([self.descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError
            more = os.read(self.descriptor, 1 << 16)
            if not more:
                return None
            self.bytes += more
        line, _, self.bytes = self.bytes.partition(b"\n")
        return line.decode()
