"""The mesh under test: `srdfctl` on a configuration of its own, all services on this host, mutual TLS and
encryption on, as they are by default."""

import json
import os

import deadlines
from processes import cpu_seconds, reset_resident_peak, resident_peak_bytes
from server import free_port
from session import Session

SERVICES = ["capture", "batcher", "shipper", "receiver", "applier", "orchestrator"]

COUNTS = ["wagons", "transactions", "rows_before", "rows_after", "source_bytes", "payload_compressed_bytes"]


class Mesh:
    """A flow from the source to each of the targets: a flow replicates a whole server, so several flows of one source
    go to as many targets. create() once, then up() and down() as often as wanted. What is asked or done is of the
    first flow, unless it says otherwise."""

    name = "mesh"

    def __init__(self, binaries, directory, source, targets, name, settings=None):
        self.srdfctl = os.path.join(binaries, "srdfctl")
        self.directory = directory
        self.source = source
        self.target = targets[0]
        self.targets = {"%s-%d" % (name, i): target for i, target in enumerate(targets, 1)}  # by flow
        self.flow = name + "-1"
        self.settings = dict(settings or {})
        self.config = os.path.join(directory, "mesh.yaml")
        self.ports = {}
        self.sessions = {}  # by flow

    def create(self, start_gtid):
        os.makedirs(self.directory, exist_ok=True)
        self._create_users()
        self.configure()
        for flow in self.targets:
            self.ctl("flow", "init", flow, "--position", start_gtid)

    def create_unstarted(self):
        """Where the flows start is left to `srdfctl establish`."""
        os.makedirs(self.directory, exist_ok=True)
        self._create_users()
        self.source.sql("GRANT EVENT, TRIGGER ON *.* TO srdf@127.0.0.1")
        self.configure()

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
        lines.append("flows:")
        for i, (flow, target) in enumerate(self.targets.items()):
            lines.append("  - name: " + flow)
            lines += self._endpoint("source", self.source, ", server_id: %d" % (900000 + i))
            lines += self._endpoint("target", target, "")
            lines += ["    %s: %s" % pair for pair in self.settings.items()]
        with open(self.config, "w") as file:
            file.write("\n".join(lines) + "\n")

    def up(self):
        self.ctl("up", "--detach")

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

    def wait(self, gtid):
        """The moment at which everything up to `gtid` was visible at the target; of several flows, at all targets."""
        return max(self._session(flow).wait_for(_checkpoint(flow), gtid, deadlines.patience(),
                                                "flow %s of the mesh is not at %s" % (flow, gtid))
                   for flow in self.targets)

    def applied_gtid(self):
        return self._session(self.flow).value(_checkpoint(self.flow))

    def status(self):
        """The flow's part of `srdfctl status`, or nothing while a service does not answer."""
        return next((s for s in self._statuses() if s.get("flow") == self.flow), None)

    def totals(self):
        """COUNTS of all flows together, since the mesh was made."""
        totals = []
        def told():
            totals[:] = [s["totals"] for s in self._statuses() if s.get("totals")]
            return len(totals) == len(self.targets)
        deadlines.wait_until(told, 60, "srdfctl status does not tell the totals of all flows", 0.2)
        return {key: sum(t[key] for t in totals) for key in COUNTS}

    def wait_running(self):
        """All flows."""
        def running():
            return sum(s.get("state") == "running" for s in self._statuses()) == len(self.targets)
        deadlines.wait_until(running, 60, "the mesh does not run", 0.2)

    def wait_read(self, gtid):
        """Until capture has read the source's log up to `gtid` and the mesh has come to rest."""
        def read():
            status = self.status()
            return status is not None and _read_gtid(status) == gtid
        deadlines.wait_until(read, deadlines.patience(), "capture has not read up to " + gtid, 0.2)
        last = -1.0
        def quiet():
            nonlocal last
            now = sum(cpu_seconds(pid) for pid in self.pids().values())
            still, last = now - last < 0.03, now
            return still
        deadlines.wait_until(quiet, deadlines.patience(), "the mesh does not come to rest", 0.5)

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
        done = deadlines.run([self.srdfctl, *arguments, "--config", self.config], "srdfctl " + " ".join(arguments))
        if done.returncode != 0:
            raise RuntimeError("srdfctl %s: %s" % (" ".join(arguments), done.stderr.strip() or done.stdout.strip()))
        return done.stdout

    def _statuses(self):
        done = deadlines.run([self.srdfctl, "status", "--output", "json", "--config", self.config], "srdfctl status", 60)
        try:
            return json.loads(done.stdout)["flows"]
        except (ValueError, KeyError):
            return []

    def _session(self, flow):
        if flow not in self.sessions:
            self.sessions[flow] = Session(self.targets[flow])
        return self.sessions[flow]

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
        for target in self.targets.values():
            target.sql("SET sql_log_bin=0; CREATE USER IF NOT EXISTS srdf@127.0.0.1 IDENTIFIED BY 'bench';"
                       "GRANT ALL ON *.* TO srdf@127.0.0.1")


def _checkpoint(flow):
    return "SELECT gtid FROM srdf.checkpoint WHERE flow='%s'" % flow


def _read_gtid(status):
    return status.get("source", {}).get("read", {}).get("gtid")
