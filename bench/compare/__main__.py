"""Compares the mesh with MariaDB's own replication, in the same run. Called by scripts/bench."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time

import catch_up
import deadlines
import footprint
import latency
import source_cost
import windows
import wire
from loads import LOADS
from machine import machine
from report import Targets, write_json
from site_of_three import Site

BENCHES = {"catch-up": catch_up, "wire": wire, "latency": latency, "source-cost": source_cost, "windows": windows,
           "footprint": footprint}


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--only", action="append", choices=list(BENCHES))
    parser.add_argument("--load", action="append", dest="loads", choices=list(LOADS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--transactions", type=int)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    options.only = options.only or list(BENCHES)
    options.loads = options.loads or (["write_only", "hot", "insert"] if options.quick else list(LOADS))
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.transactions = options.transactions or (8000 if options.quick else 40000)
    return options


def measure(name, directory, options, targets):
    """One comparison, on servers of its own."""
    home = os.path.join(directory, name)
    os.mkdir(home)
    site = Site(options.binaries, home, BENCHES[name].loads(options),
                getattr(BENCHES[name], "flows", lambda _: 1)(options))
    try:
        return BENCHES[name].run(site, options, targets)
    finally:
        site.close()


def main():
    options = arguments()
    # A slow machine writes and applies a hundred transactions a second.
    deadlines.set_patience((120 if options.quick else 600) + options.transactions // 100)
    # Whoever ends the run ends its servers: they are in sessions of their own.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    targets = Targets()
    results = {"machine": machine(), "began_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
               "options": {"quick": options.quick, "rounds": options.rounds, "transactions": options.transactions,
                           "loads": options.loads}}
    directory = tempfile.mkdtemp(prefix="srdf-bench.")
    failed = []
    ended = False
    try:
        for name in options.only:
            print("==> %s" % name, flush=True)
            start = time.monotonic()
            try:
                results[name] = measure(name, directory, options, targets)
            except (RuntimeError, OSError) as error:
                # The others have servers of their own, and nothing to do with it.
                print("error: %s: %s" % (name, error), file=sys.stderr, flush=True)
                failed.append(name)
                results.setdefault("failed", {})[name] = str(error)
            else:
                if not options.keep:
                    shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
            results.setdefault("took_seconds", {})[name] = time.monotonic() - start
            results["targets"] = targets.rows
            write_json(options.output, results)
        targets.print()
        print("\n  written: %s" % options.output)
        ended = True
    finally:
        if options.keep or failed or not ended:
            print("  kept: %s" % directory, file=sys.stderr)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    if failed:
        print("error: could not be measured: %s" % ", ".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
