"""The three servers of a comparison: a source, a native replica of it, and the target of the mesh; or more targets of
the mesh, one for each flow.

All begin with the same data: it is made at the source, and its files are copied.
"""

import os
import sys

from loads import LOADS
from mesh import Mesh
from replica import Replica
from server import Server, contents
from session import Session


class Site:
    def __init__(self, binaries, directory, loads, flows=1):
        self.binaries = binaries
        self.directory = directory
        self.source = Server(os.path.join(directory, "source"), 1)
        self.native_target = Server(os.path.join(directory, "native"), 2)
        self.mesh_targets = [Server(os.path.join(directory, "target%d" % i), 2 + i) for i in range(1, flows + 1)]
        self.servers = [self.source, self.native_target, *self.mesh_targets]
        self.replica = Replica(self.source, self.native_target)
        self.mesh = None
        self.session = None
        try:
            self._start(loads)
        except BaseException:
            self.close()
            raise

    def _start(self, loads):
        self.source.initialise()
        self.source.start()
        for name in loads:
            LOADS[name].prepare(self.source)
        self.start_gtid = self.source.gtid()
        self.source.stop()
        for target in self.servers[1:]:
            target.copy_from(self.source)
        for server in self.servers:
            server.start()

    def connect(self, settings=None):
        """Both ways to the targets, from where the copies were made. The mesh is up, the replica runs."""
        self.replica.connect(self.start_gtid)
        self.replica.start()
        self.mesh = self.new_mesh("mesh", settings)
        self.mesh.create(self.start_gtid)
        self.mesh.up()
        self.mesh.wait_running()
        self.wait_caught_up()

    def new_mesh(self, name, settings=None, flows=1):
        """Not created yet. Its flows are named after it and go to the first targets."""
        return Mesh(self.binaries, os.path.join(self.directory, name), self.source, self.mesh_targets[:flows], name,
                    settings)

    def wait_caught_up(self):
        gtid = self.source.gtid()
        self.replica.wait(gtid)
        self.mesh.wait(gtid)

    def check_equal(self, database):
        """The same rows on all servers, asked of the servers."""
        self._check(database, "the native replica", self.native_target)
        self.check_equal_to_mesh(database)

    def check_equal_to_mesh(self, database):
        for flow, target in self.mesh.targets.items():
            self._check(database, "the target of flow " + flow, target)

    def _check(self, database, name, target):
        if contents(target, database) != contents(self.source, database):
            raise RuntimeError("%s differs from the source in %s" % (name, database))

    def source_session(self):
        """A connection to the source that stays open."""
        self.session = self.session or Session(self.source)
        return self.session

    def close(self):
        """Ends everything that runs, also when a part of it does not end as it should."""
        for part in ([self.mesh] if self.mesh is not None else []) + self.servers:
            try:
                part.stop()
            except (RuntimeError, OSError) as error:
                print("  at the end: %s" % error, file=sys.stderr)
