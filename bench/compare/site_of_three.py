"""The three servers of a comparison: a source, a native replica of it, and the target of the mesh.

All three begin with the same data: it is made at the source, and its files are copied.
"""

import os

from loads import LOADS
from mesh import Mesh
from replica import Replica
from server import Server, Session, contents


class Site:
    def __init__(self, binaries, directory, loads):
        self.binaries = binaries
        self.directory = directory
        self.source = Server(os.path.join(directory, "source"), 1)
        self.native_target = Server(os.path.join(directory, "native"), 2)
        self.mesh_target = Server(os.path.join(directory, "target"), 3)
        self.servers = [self.source, self.native_target, self.mesh_target]
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
        for target in (self.native_target, self.mesh_target):
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

    def new_mesh(self, name, settings=None):
        return Mesh(self.binaries, os.path.join(self.directory, name), self.source, self.mesh_target, settings)

    def wait_caught_up(self):
        gtid = self.source.gtid()
        self.replica.wait(gtid)
        self.mesh.wait(gtid)

    def check_equal(self, database):
        """The same rows on all three servers, asked of the servers."""
        self._check(database, "the native replica", self.native_target)
        self.check_equal_to_mesh(database)

    def check_equal_to_mesh(self, database):
        self._check(database, "the target of the mesh", self.mesh_target)

    def _check(self, database, name, target):
        if contents(target, database) != contents(self.source, database):
            raise RuntimeError("%s differs from the source in %s" % (name, database))

    def source_session(self):
        """A connection to the source that stays open."""
        self.session = self.session or Session(self.source)
        return self.session

    def close(self):
        if self.mesh is not None:
            try:
                self.mesh.down()
            except (RuntimeError, OSError):
                pass
        for server in self.servers:
            server.stop()
