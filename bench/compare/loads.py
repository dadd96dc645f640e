"""The loads: what sysbench does to the source.

Each load has a database of its own, so that all of them can be prepared once and copied to both targets.
"""

import os
import re

import deadlines

LOADS_DIR = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "loads")
THREADS = 4
# What concurrent transactions of a load do to each other: deadlock, lock timeout, a key that is there already.
IGNORED_ERRORS = "1213,1205,1020,1062"


class Load:
    """`transactions` is the share of a backlog: a transaction of large rows weighs as much as dozens of small."""

    def __init__(self, name, script, what, options=(), share=1.0, prepared=True):
        self.name = name
        self.script = script if os.path.sep not in script else os.path.join(LOADS_DIR, os.path.basename(script))
        self.what = what
        self.options = list(options)
        self.share = share
        self.prepared = prepared

    @property
    def database(self):
        return "bench_" + self.name

    def prepare(self, source):
        source.sql("CREATE DATABASE " + self.database)
        self._run(source, "prepare", [])

    def run(self, source, transactions=0, seconds=0, rate=0):
        """Exactly so many transactions, or so many seconds; returns transactions per second."""
        options = ["--events=%d" % transactions, "--time=%d" % seconds, "--threads=%d" % THREADS,
                   "--rate=%d" % rate]
        output = self._run(source, "run", options, seconds + (transactions / rate if rate else 0))
        found = re.search(r"transactions:\s+\d+\s+\(([\d.]+) per sec", output)
        return float(found.group(1)) if found else 0.0

    def start(self, source, seconds, rate):
        """In the background (deadlines.Background)."""
        return deadlines.Background(self._command(source, "run", [
            "--events=0", "--time=%d" % seconds, "--threads=%d" % THREADS, "--rate=%d" % rate]),
            "sysbench %s for %d s" % (self.name, seconds), seconds + 60)

    def _run(self, source, command, options, seconds=0):
        """`seconds`: what it takes by itself, at a rate or for a time."""
        what = "sysbench %s %s" % (self.name, command)
        done = deadlines.run(self._command(source, command, options), what, seconds + deadlines.patience())
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (what, (done.stdout + done.stderr)[-800:]))
        return done.stdout

    def _command(self, source, command, options):
        return ["sysbench", self.script, "--db-driver=mysql", "--mysql-socket=" + source.socket,
                "--mysql-user=root", "--mysql-db=" + self.database,
                "--mysql-ignore-errors=" + IGNORED_ERRORS, *self.options, *options, command]


_TABLES = ["--tables=4", "--table-size=50000"]

LOADS = {load.name: load for load in [
    Load("write_only", "oltp_write_only", "sysbench oltp_write_only, 4 × 50,000 rows, uniform",
         _TABLES + ["--rand-type=uniform"]),
    Load("hot", "oltp_write_only", "the same, 90 % of the changes on 1 % of the rows",
         _TABLES + ["--rand-type=special", "--rand-spec-pct=1", "--rand-spec-res=90"]),
    Load("insert", "oltp_insert", "one inserted row per transaction, 4 tables",
         ["--tables=4", "--table-size=1000"]),
    Load("large", "./large_rows.lua", "rows of 16 to 64 KiB, inserted and updated", [], share=0.05),
    Load("tpcc", "./order_entry.lua", "order entry like TPC-C: new order, payment, delivery", [], share=0.5),
]}
