"""MariaDB's own replication: a GTID replica with a parallel applier."""

import deadlines
from session import Session


class Replica:
    """slave_parallel_threads=4, optimistic. connect() once, then stop() and start() as often as wanted."""

    name = "native"

    def __init__(self, source, target):
        self.source = source
        self.target = target
        self.session = None

    def connect(self, start_gtid, port=None):
        self.source.sql("CREATE USER IF NOT EXISTS replica@127.0.0.1 IDENTIFIED BY 'bench';"
                        "GRANT REPLICATION SLAVE ON *.* TO replica@127.0.0.1")
        self.target.sql(
            "STOP SLAVE; SET GLOBAL gtid_slave_pos='%s'; SET GLOBAL slave_parallel_threads=4;"
            "SET GLOBAL slave_parallel_mode=optimistic; SET GLOBAL slave_compressed_protocol=0;"
            "CHANGE MASTER TO master_host='127.0.0.1', master_port=%d, master_user='replica',"
            "master_password='bench', master_use_gtid=slave_pos, master_connect_retry=1"
            % (start_gtid, port or self.source.port))
        self.session = self.session or Session(self.target)

    def start(self):
        self.session.value("START SLAVE", deadlines.patience())

    def stop(self):
        self.session.value("STOP SLAVE", deadlines.patience())

    def wait(self, gtid):
        """The moment at which everything up to `gtid` was visible at the target."""
        return self.session.wait_for("SELECT @@GLOBAL.gtid_slave_pos", gtid, deadlines.patience(),
                                     "the native replica is not at " + gtid)
