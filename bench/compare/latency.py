"""latency: from the commit at the source to the row being visible at the target.

One system is attached at a time; the probe (bench/latency_probe.cc) is the same. "idle": the probe's commits are
all there is. "300/s": sysbench oltp_write_only beside it, so that all commits together are 300 a second.
"""

import contextlib
import os
import time

import deadlines
from loads import LOADS
from report import median, percentile, table

RATE = 300
PROBE_RATE = 50
PERCENTILES = [("p50", 0.50), ("p95", 0.95), ("p99", 0.99)]


def loads(_options):
    return ["write_only"]


def run(site, options, targets):
    load = LOADS["write_only"]
    site.source.sql("CREATE TABLE %s.probe (id BIGINT PRIMARY KEY, note VARCHAR(40))" % load.database)
    site.connect()
    site.replica.stop()
    site.mesh.stop()
    seconds = 6 if options.quick else 20
    samples = {(kind, system.name): [] for kind in ("idle", "300/s") for system in (site.replica, site.mesh)}
    for turn in range(options.rounds):
        for system in (site.replica, site.mesh) if turn % 2 == 0 else (site.mesh, site.replica):
            system.start()
            if system is site.mesh:
                site.mesh.wait_running()
            system.wait(site.source.gtid())
            for kind in ("idle", "300/s"):
                samples[kind, system.name].append(_probe(site, options, system, load, kind, seconds))
                system.wait(site.source.gtid())
            system.stop()
    results = []
    for kind in ("idle", "300/s"):
        result = {"kind": kind, "commits": sum(len(s) for s in samples[kind, "mesh"])}
        for name, share in PERCENTILES:
            for system in ("native", "mesh"):
                # The percentile of each round, then the median of the rounds.
                result["%s_%s_ms" % (system, name)] = median(
                    [percentile(s, share) / 1000 for s in samples[kind, system]])
            result[name + "_ratio"] = result["mesh_%s_ms" % name] / result["native_%s_ms" % name]
        results.append(result)
        targets.check("latency, %s: p50 against native" % kind, result["p50_ratio"], 3, False)
        targets.check("latency, %s: p99 against native" % kind, result["p99_ratio"], 2, False)
    table("Latency, commit at the source → visible at the target (ms; medians of %d rounds of %d s)"
          % (options.rounds, seconds),
          ["load"] + [s + " " + name for name, _ in PERCENTILES for s in ("native", "mesh", "×")],
          [[r["kind"]] + [r[key % name] for name, _ in PERCENTILES
                          for key in ("native_%s_ms", "mesh_%s_ms", "%s_ratio")] for r in results])
    return results


def _probe(site, options, system, load, kind, seconds):
    with contextlib.ExitStack() as stack:
        if kind != "idle":
            stack.enter_context(load.start(site.source, seconds + 4, RATE - PROBE_RATE))
            time.sleep(2)  # the load's ramp is not measured
        # The probe itself gives up when no row comes for 60 s.
        done = deadlines.run(
            [os.path.join(options.binaries, "srdf-latency-probe"), site.source.socket, system.target.socket,
             load.database, str(PROBE_RATE * seconds), str(1e6 / PROBE_RATE)],
            "srdf-latency-probe (%s, %s)" % (system.name, kind), 3 * seconds + 120)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return [int(line) for line in done.stdout.split()]
