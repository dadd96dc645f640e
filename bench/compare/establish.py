"""establish: how long it takes until an empty target holds what the source does. Called by scripts/bench-establish.

The same data by three ways, one after the other, each to a server of its own: `mariadb-dump | mariadb`, mydumper and
myloader with two threads, and `srdfctl establish`. At rest, and under a write load, of which only the mesh's target has
everything at the end: the others are where their snapshot was, and would have to be made a replica still.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import deadlines
from machine import machine
from mesh import Mesh
from report import median, table, write_json
from server import Server, contents

DATABASE = "bench_establish"
THREADS = 2
BATCH = 100_000
LOAD_RATE = 200
WAYS = ["dump", "mydumper", "mesh"]

# Three tables as sysbench has them, so that its load fits them, and one with other types and a compound key.
WIDE_TABLES = ["sbtest1", "sbtest2", "sbtest3"]


def fill(source, rows):
    """`rows` in all: three tables of three tenths, and one of a tenth."""
    source.sql("CREATE DATABASE " + DATABASE)
    for name in WIDE_TABLES:
        source.sql("CREATE TABLE %s.%s (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL DEFAULT 0,"
                   " c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '', KEY k_1 (k))" % (DATABASE, name))
        _in_batches(source, rows * 3 // 10, name, "(k, c, pad) SELECT seq % 1000003, REPEAT(MD5(seq), 3), MD5(seq + 1)")
    source.sql("CREATE TABLE %s.movements (account INT NOT NULL, number INT NOT NULL, amount DECIMAL(12,2) NOT NULL,"
               " rate DOUBLE NOT NULL, booked DATETIME(3) NOT NULL, note VARCHAR(80), PRIMARY KEY (account, number))"
               % DATABASE)
    _in_batches(source, rows // 10, "movements", "SELECT seq DIV 100, seq % 100, seq / 7, SQRT(seq),"
                " '2026-01-01' + INTERVAL seq SECOND, IF(seq % 5, CONCAT('note ', seq), NULL)")


def _in_batches(source, rows, name, select):
    for first in range(1, rows + 1, BATCH):
        source.sql("USE %s; INSERT INTO %s %s FROM seq_%d_to_%d"
                   % (DATABASE, name, select, first, min(rows, first + BATCH - 1)))


def load(source, rows, seconds):
    return deadlines.Background(
        ["sysbench", "oltp_write_only", "--db-driver=mysql", "--mysql-socket=" + source.socket, "--mysql-user=root",
         "--mysql-db=" + DATABASE, "--mysql-ignore-errors=1213,1205,1020,1062", "--tables=3",
         "--table-size=%d" % max(1, rows * 3 // 10), "--events=0", "--time=%d" % seconds, "--threads=2",
         "--rate=%d" % LOAD_RATE, "run"], "sysbench for %d s" % seconds, seconds + 60)


def by_dump(source, target, _directory):
    """One connection reads, one writes."""
    dump = subprocess.Popen(
        ["mariadb-dump", "--no-defaults", "--socket=" + source.socket, "--user=root", "--single-transaction", "--quick",
         "--routines", "--triggers", "--events", "--databases", DATABASE], stdout=subprocess.PIPE)
    done = subprocess.run(target.client(), stdin=dump.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          timeout=deadlines.patience())
    dump.stdout.close()
    if dump.wait(60) != 0 or done.returncode != 0:
        raise RuntimeError("mariadb-dump | mariadb: " + done.stderr.decode()[-800:])


def by_mydumper(source, target, directory):
    files = os.path.join(directory, "mydumper-files")
    shutil.rmtree(files, ignore_errors=True)
    _must("mydumper", ["mydumper", "--socket=" + source.socket, "--user=root", "--threads=%d" % THREADS,
                       "--database=" + DATABASE, "--rows=250000", "--trx-consistency-only", "--outputdir=" + files])
    # The target writes its log, as it does for the others.
    _must("myloader", ["myloader", "--socket=" + target.socket, "--user=root", "--threads=%d" % THREADS,
                       "--enable-binlog", "--overwrite-tables", "--directory=" + files])
    shutil.rmtree(files, ignore_errors=True)


def _must(name, command):
    done = deadlines.run(command, name)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (name, (done.stdout + done.stderr)[-800:]))


class EstablishMesh:
    """A mesh whose flow has not begun; `srdfctl establish --yes` begins it, and ends when the copy is at the target."""

    def __init__(self, binaries, directory, source, target, name):
        self.mesh = Mesh(binaries, os.path.join(directory, name), source, [target], name)
        self.mesh.create_unstarted()
        self.mesh.up()

    def establish(self):
        self.mesh.ctl("establish", self.mesh.flow, "--yes")

    def close(self):
        self.mesh.down()


def _end(background):
    if background is not None:
        background.process.terminate()
        background.process.wait(30)


def once(options, directory, source, targets, way, loaded):
    """Seconds until the command was done; the target holds the same afterwards, when nothing was written meanwhile."""
    target = targets[way]
    mesh = None
    if way == "mesh":
        target.sql("DROP DATABASE IF EXISTS srdf")
        mesh = EstablishMesh(options.binaries, directory, source, target, "mesh%d" % time.monotonic_ns())
    background = None
    try:
        target.sql("DROP DATABASE IF EXISTS " + DATABASE)
        background = load(source, options.rows, options.load_seconds) if loaded else None
        start = time.monotonic()
        if way == "mesh":
            mesh.establish()
        else:
            (by_dump if way == "dump" else by_mydumper)(source, target, directory)
        seconds = time.monotonic() - start
        still_loaded = background is None or background.running()
        _end(background)
        if way == "mesh":
            mesh.mesh.wait(source.gtid())
    finally:
        _end(background)
        if mesh is not None:
            mesh.close()
    if (way == "mesh" or not loaded) and contents(target, DATABASE) != contents(source, DATABASE):
        raise RuntimeError("%s: the target differs from the source" % way)
    if not still_loaded:
        print("  note: the load ended before %s did: --load-seconds" % way, flush=True)
    return seconds


def measure(options, directory):
    source = Server(os.path.join(directory, "source"), 1)
    targets = {way: Server(os.path.join(directory, "target-" + way), 2 + i) for i, way in enumerate(options.ways)}
    results = []
    try:
        for server in [source, *targets.values()]:
            server.initialise()
            server.start()
        start = time.monotonic()
        fill(source, options.rows)
        print("  %d rows made in %.0f s" % (options.rows, time.monotonic() - start), flush=True)
        for loaded in ([False, True] if options.load == "both" else [options.load == "yes"]):
            seconds = {way: [] for way in options.ways}
            for _ in range(options.rounds):
                for way in options.ways:
                    seconds[way].append(once(options, directory, source, targets, way, loaded))
                    print("  %-9s %s %8.1f s" % (way, "under load" if loaded else "at rest   ", seconds[way][-1]),
                          flush=True)
            results += [{"way": way, "loaded": loaded, "seconds": seconds[way]} for way in options.ways]
    finally:
        for server in [source, *targets.values()]:
            try:
                server.stop()
            except (RuntimeError, OSError) as error:
                print("  at the end: %s" % error, file=sys.stderr)
    return results


def show(results, rows):
    lines = []
    for loaded in (False, True):
        of = {r["way"]: median(r["seconds"]) for r in results if r["loaded"] == loaded}
        for way, seconds in of.items():
            lines.append([way, "write load" if loaded else "at rest", seconds, rows / seconds / 1000,
                          of["dump"] / seconds if "dump" in of else None,
                          of["mydumper"] / seconds if "mydumper" in of else None])
    table("Until an empty target holds %s rows" % "{:,}".format(rows),
          ["way", "source", "seconds", "1000 rows/s", "× dump", "× mydumper"], lines)


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench-establish")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--load", choices=["no", "yes", "both"], default="both")
    parser.add_argument("--load-seconds", type=int, default=3600)
    parser.add_argument("--way", action="append", dest="ways", choices=WAYS)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    options.ways = options.ways or [w for w in WAYS if w != "mydumper" or shutil.which("mydumper")]
    return options


def main():
    options = arguments()
    deadlines.set_patience(600 + options.rows // 1000)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    directory = tempfile.mkdtemp(prefix="srdf-bench.")
    ended = False
    try:
        results = measure(options, directory)
        show(results, options.rows)
        write_json(options.output, {"machine": machine(), "rows": options.rows, "results": results})
        print("\n  written: %s" % options.output)
        ended = True
    except (RuntimeError, OSError) as error:
        print("error: %s" % error, file=sys.stderr)
    finally:
        if options.keep or not ended:
            print("  kept: %s" % directory, file=sys.stderr)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    return 0 if ended else 1


if __name__ == "__main__":
    sys.exit(main())
