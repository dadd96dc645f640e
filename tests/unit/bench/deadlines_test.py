"""What the comparisons of scripts/bench do with what does not end."""

import os
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../bench/compare"))

import deadlines
from session import Session


class ServerOfAShell:
    server_id = 7

    def __init__(self, command):
        self.command = command

    def client(self):
        return ["sh", "-c", self.command]


def is_gone(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class DeadlinesTest(unittest.TestCase):
    def test_a_command_that_does_not_end_is_named_and_killed_with_what_it_has_started(self):
        with tempfile.NamedTemporaryFile("r") as file:
            with self.assertRaisesRegex(deadlines.DeadlineError, "the sleeper did not end within 1 s"):
                deadlines.run(["sh", "-c", "sleep 1000 & echo $! > %s; wait" % file.name], "the sleeper", 1)
            child = int(file.read())
        deadlines.wait_until(lambda: is_gone(child), 10, "process %d lives on" % child)

    def test_what_a_command_says_is_returned_with_its_status(self):
        done = deadlines.run(["sh", "-c", "cat; echo why >&2; exit 3"], "cat", 10, "words")
        self.assertEqual(("words", "why\n", 3), (done.stdout, done.stderr, done.returncode))

    def test_a_background_command_that_fails_or_does_not_end_is_an_error(self):
        with self.assertRaisesRegex(RuntimeError, "the load ended with status 3"):
            with deadlines.Background(["sh", "-c", "exit 3"], "the load", 10):
                pass
        with self.assertRaisesRegex(deadlines.DeadlineError, "the load did not end within 1 s"):
            with deadlines.Background(["sleep", "1000"], "the load", 1):
                pass

    def test_a_background_command_ends_with_the_measurement_that_failed(self):
        background = deadlines.Background(["sleep", "1000"], "the load", 1000)
        with self.assertRaisesRegex(ValueError, "the measurement"):
            with background:
                raise ValueError("the measurement")
        self.assertTrue(is_gone(background.process.pid))

    def test_a_server_that_does_not_heed_sigterm_is_killed_and_named(self):
        background = deadlines.Background(["sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"], "-", 1000)
        # Ended before the trap was set, it would be no failure.
        time.sleep(0.5)
        with self.assertRaisesRegex(deadlines.DeadlineError, "the server did not end within 1 s of SIGTERM"):
            deadlines.end(background.process, "the server", 1)
        self.assertTrue(is_gone(background.process.pid))

    def session(self, command):
        """Whose client is a shell command."""
        session = Session(ServerOfAShell(command))
        self.addCleanup(session.close)
        return session

    def test_a_question_without_an_answer_is_named(self):
        with self.assertRaisesRegex(deadlines.DeadlineError, "server 7: SELECT 1: no answer within 1 s"):
            self.session("exec sleep 1000").value("SELECT 1", 1)

    def test_a_lost_connection_tells_the_last_words(self):
        session = self.session("head -2; echo 'ERROR 2013: gone'")
        with self.assertRaisesRegex(RuntimeError, "SELECT 1: the connection is lost: ERROR 2013: gone"):
            session.value("SELECT 1")

    def test_answers_are_the_last_line_before_the_mark(self):
        session = self.session("printf '1\\n2\\n--end--\\n3'; sleep 0.2; printf '3\\n--end--\\n'; cat >/dev/null")
        self.assertEqual("2", session.value("SELECT 1"))
        self.assertEqual("33", session.value("SELECT 2"))


if __name__ == "__main__":
    unittest.main()
