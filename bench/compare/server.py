"""A private MariaDB server of a benchmark: its own directory, port and socket.

The system's configuration files are not read, and no system instance is touched. Durable settings on every
server alike: a commit is in the binary log and in InnoDB's log on disk before it is answered.
"""

import os
import shutil
import socket
import subprocess

import deadlines
from processes import cpu_seconds, resident_peak_bytes

# The same for source, native replica and target of the mesh: what is compared is how changes arrive.
DURABLE = [
    "--sync-binlog=1",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-flush-method=O_DIRECT",
    "--innodb-buffer-pool-size=512M",
    "--innodb-log-file-size=256M",
    "--log-bin=binlog",
    "--binlog-format=ROW",
    "--log-slave-updates",
    "--gtid-strict-mode=0",
    "--max-allowed-packet=1G",
    "--performance-schema=off",
    "--skip-name-resolve",
    "--innodb-lock-wait-timeout=20",
    "--max-connections=200",
    "--log-bin-trust-function-creators=1",
    # What `srdfctl preflight` asks of a source: rows that say which columns they have.
    "--binlog-row-metadata=FULL",
]


def free_port():
    """A TCP port that nobody listens on now, below the range of outgoing connections."""
    for port in range(20000 + os.getpid() * 7 % 9000, 32000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _handed_out:
            _handed_out.add(port)
            return port
    raise RuntimeError("no free TCP port between 20000 and 32000")


_handed_out = set()


class Server:
    """One server. start() returns when it answers; sql() runs statements as administrator."""

    def __init__(self, directory, server_id):
        self.directory = directory
        self.server_id = server_id
        self.port = free_port()
        self.socket = os.path.join(directory, "s")
        self.process = None

    def initialise(self):
        os.makedirs(os.path.join(self.directory, "tmp"))
        done = deadlines.run(
            ["mariadb-install-db", "--no-defaults", "--datadir=" + self.data, "--user=" + _user(),
             "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", "--force"],
            "mariadb-install-db in " + self.directory, 120)
        if done.returncode != 0:
            raise RuntimeError("mariadb-install-db: " + (done.stdout + done.stderr)[-800:])

    def copy_from(self, other):
        """The data of another server, which does not run; without its binary log."""
        os.makedirs(os.path.join(self.directory, "tmp"))
        shutil.copytree(other.data, self.data, ignore=shutil.ignore_patterns(
            "binlog.*", "*.pid"))

    @property
    def data(self):
        return os.path.join(self.directory, "data")

    def start(self, *options):
        command = ["mariadbd", "--no-defaults", "--user=" + _user(), "--datadir=" + self.data,
                   "--tmpdir=" + os.path.join(self.directory, "tmp"), "--bind-address=127.0.0.1",
                   "--port=%d" % self.port, "--socket=" + self.socket, "--server-id=%d" % self.server_id,
                   "--pid-file=" + os.path.join(self.directory, "pid"),
                   "--log-error=" + os.path.join(self.directory, "error.log"), *DURABLE, *options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)

        def answers():
            if self.process.poll() is not None:
                raise RuntimeError("the server ended at its start: see %s/error.log" % self.directory)
            try:
                self.sql("SELECT 1", 10)
                return True
            except RuntimeError:
                return False

        deadlines.wait_until(answers, 60, "the server in %s does not answer" % self.directory)

    def stop(self):
        if self.process is None:
            return
        process, self.process = self.process, None
        deadlines.end(process, "the server in " + self.directory, 60)

    def sql(self, statements, seconds=None):
        """Output lines of the statements, columns separated by tabs."""
        done = deadlines.run(self.client(), "server %d: %s" % (self.server_id, statements[:200]), seconds, statements)
        if done.returncode != 0:
            raise RuntimeError("server %d: %s" % (self.server_id, done.stderr.strip()))
        return done.stdout.splitlines()

    def client(self):
        return ["mariadb", "--no-defaults", "--socket=" + self.socket, "--user=root", "--batch",
                "--skip-column-names", "--default-character-set=utf8mb4"]

    def value(self, query):
        lines = self.sql(query)
        return lines[0] if lines else ""

    def gtid(self):
        return self.value("SELECT @@GLOBAL.gtid_binlog_pos")

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def resident_peak_bytes(self):
        return resident_peak_bytes(self.process.pid)


def contents(server, database):
    """What a database holds: a checksum per table, as the server computes it from the rows."""
    tables = server.sql("SELECT table_name FROM information_schema.tables WHERE table_schema='%s' ORDER BY 1"
                        % database)
    return server.sql("CHECKSUM TABLE " + ", ".join("`%s`.`%s`" % (database, t) for t in tables))


def _user():
    import pwd
    return pwd.getpwuid(os.getuid()).pw_name
