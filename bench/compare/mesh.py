"""The mesh under test: `srdfctl` on a configuration of its own, all services on this host, mutual TLS and
encryption on, as they are by default."""

import json
import os
import subprocess

from processes import cpu_seconds, reset_resident_peak, resident_peak_bytes, wait_until
from server import Session, free_port, wait_for

SERVICES = ["capture", "batcher", "shipper", "receiver", "applier", "orchestrator"]


class Mesh:
    """Flows from source to target. create() once, then up() and down() as often as wanted."""

    name = "mesh"

    def __init__(self, binaries, directory, source, target, settings=None, flow="bench"):
        self.srdfctl = os.path.join(binaries, "srdfctl")
        self.directory = directory
        self.source = source
        self.target = target
        self.flow = flow
        self.settings = dict(settings or {})
        self.config = os.path.join(directory, "mesh.yaml")
        self.ports = {}
        self.session = None

    def create(self, start_gtid):
        os.makedirs(self.directory, exist_ok=True)
        self._create_users()
        self.configure()
        self.ctl("flow", "init", self.flow, "--position", start_gtid)

    def configure(self, settings=None, addresses=None):
        """Writes the configuration; takes effect at the next up()."""
        if settings is not None:
            self.settings = dict(settings)
        addresses = addresses or {}
        lines = ["mesh: bench", "data_dir: %s/data" % self.directory, "log: {level: info, format: text}",
                 "services:"]
        for service in SERVICES:
            listen, metrics = self.ports.setdefault(service, (free_port(), free_port()))
            address = ", address: '127.0.0.1:%d'" % addresses[service] if service in addresses else ""
            lines.append("  %s: {listen: '127.0.0.1:%d', metrics: '127.0.0.1:%d'%s}"
                         % (service, listen, metrics, address))
        lines += ["flows:", "  - name: " + self.flow]
        lines += self._endpoint("source", self.source, ", server_id: %d" % (900000 + self.source.server_id))
        lines += self._endpoint("target", self.target, "")
        lines += ["    %s: %s" % pair for pair in self.settings.items()]
        with open(self.config, "w") as file:
            file.write("\n".join(lines) + "\n")

    def up(self):
        self.ctl("up", "--detach")
        self.session = self.session or Session(self.target)

    def down(self):
        self.ctl("down")

    def start(self):
        self.up()

    def stop(self):
        self.down()

    def pause(self):
        self.ctl("flow", "pause", self.flow)

    def resume(self):
        self.ctl("flow", "resume", self.flow)

    def wait(self, gtid, seconds=600):
        """The moment at which everything up to `gtid` was visible at the target."""
        self.session = self.session or Session(self.target)
        return wait_for(self.session, "SELECT gtid FROM srdf.checkpoint WHERE flow='%s'" % self.flow,
                        lambda found: found == gtid, seconds, "the mesh is not at " + gtid)

    def status(self):
        """The flow's part of `srdfctl status`, or nothing while a service does not answer."""
        done = subprocess.run([self.srdfctl, "status", "--output", "json", "--config", self.config],
                              capture_output=True, text=True)
        try:
            return json.loads(done.stdout)["flows"][0]
        except (ValueError, KeyError, IndexError):
            return None

    def wait_running(self):
        wait_until(lambda: (self.status() or {}).get("state") == "running", 60, "the mesh does not run", 0.2)

    def wait_read(self, gtid, seconds=600):
        """Until capture has read the source's log up to `gtid` and the mesh has come to rest."""
        def read():
            status = self.status()
            return status is not None and _read_gtid(status) == gtid
        wait_until(read, seconds, "capture has not read up to " + gtid, 0.2)
        last = -1.0
        def quiet():
            nonlocal last
            now = sum(cpu_seconds(pid) for pid in self.pids().values())
            still, last = now - last < 0.03, now
            return still
        wait_until(quiet, seconds, "the mesh does not come to rest", 0.5)

    def pids(self):
        with open(os.path.join(self.directory, "data", "run", "mesh.json")) as file:
            services = json.load(file)["services"]
        return {s["name"]: s["pid"] for s in services if s["state"] == "running"}

    def cpu_seconds(self):
        return {name: cpu_seconds(pid) for name, pid in self.pids().items()}

    def resident_peak_bytes(self):
        return {name: resident_peak_bytes(pid) for name, pid in self.pids().items()}

    def reset_resident_peaks(self):
        for pid in self.pids().values():
            reset_resident_peak(pid)

    def ctl(self, *arguments):
        done = subprocess.run([self.srdfctl, *arguments, "--config", self.config], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError("srdfctl %s: %s" % (" ".join(arguments), done.stderr.strip() or done.stdout.strip()))
        return done.stdout

    def _endpoint(self, side, server, more):
        return ["    %s: {engine: mariadb, host: 127.0.0.1, port: %d, user: srdf, password_file: %s%s}"
                % (side, server.port, self._password_file(), more)]

    def _password_file(self):
        path = os.path.join(self.directory, "password")
        if not os.path.exists(path):
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
                file.write("bench\n")
        return path

    def _create_users(self):
        self.source.sql("CREATE USER IF NOT EXISTS srdf@127.0.0.1 IDENTIFIED BY 'bench';"
                        "GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT, SHOW VIEW ON *.* TO srdf@127.0.0.1")
        self.target.sql("SET sql_log_bin=0; CREATE USER IF NOT EXISTS srdf@127.0.0.1 IDENTIFIED BY 'bench';"
                        "GRANT ALL ON *.* TO srdf@127.0.0.1")


def _read_gtid(status):
    return status.get("source", {}).get("read", {}).get("gtid")
