"""catch-up: a backlog that was written while the target was away; how long until the target is equal.

"away": the way to the target was cut (STOP SLAVE; `srdfctl flow pause`), the source's side of the mesh ran on.
"cold": the whole mesh was down as well, so that nothing was gathered or compacted beforehand; the time includes
the start of all services. Both have to drain exactly the same transactions.
"""

import time

from loads import LOADS
from report import median, spread, table

TARGETS = {"write_only": 10, "hot": 20, "insert": 2}


def loads(options):
    return options.loads


def run(site, options, targets):
    site.connect()
    results = []
    for name in options.loads:
        load = LOADS[name]
        transactions = int(options.transactions * load.share)
        times = {"native": [], "away": [], "cold": []}
        rows = 0
        for turn in range(options.rounds):
            site.wait_caught_up()
            site.replica.stop()
            rows = _one("away", site, load, transactions, times, turn)
            site.replica.stop()
            _one("cold", site, load, transactions, times, turn)
            site.check_equal(load.database)
        native = median(times["native"])
        result = {"load": name, "transactions": transactions, "rows": rows, "seconds": times,
                  "native_seconds": native, "away_seconds": median(times["away"]),
                  "cold_seconds": median(times["cold"]), "away_ratio": native / median(times["away"]),
                  "cold_ratio": native / median(times["cold"])}
        results.append(result)
        if name in TARGETS:
            targets.check("catch-up, %s: times faster than native" % name, result["away_ratio"], TARGETS[name], True)
    table("Catch-up of %d transactions (seconds; medians of %d rounds)" % (options.transactions, options.rounds),
          ["load", "rows", "native", "± ", "mesh", "± ", "times", "mesh cold", "times", "rows/s native", "rows/s mesh"],
          [[r["load"], r["rows"], r["native_seconds"], "%.0f %%" % (100 * spread(r["seconds"]["native"])),
            r["away_seconds"], "%.0f %%" % (100 * spread(r["seconds"]["away"])), r["away_ratio"], r["cold_seconds"],
            r["cold_ratio"], r["rows"] / r["native_seconds"], r["rows"] / r["away_seconds"]] for r in results])
    return results


def _one(way, site, load, transactions, times, turn):
    """One backlog, drained by both, the one that goes first in turn; returns its row changes."""
    mesh, replica = site.mesh, site.replica
    if way == "away":
        mesh.pause()
    else:
        mesh.down()
    load.run(site.source, transactions=transactions)
    gtid = site.source.gtid()
    if way == "away":
        mesh.wait_read(gtid)

    def native():
        start = time.monotonic()
        replica.start()
        times["native"].append(replica.wait(gtid) - start)

    def ours():
        start = time.monotonic()
        if way == "away":
            mesh.resume()
        else:
            mesh.up()
        times[way].append(mesh.wait(gtid) - start)

    for step in (native, ours) if turn % 2 == 0 else (ours, native):
        step()
    if way == "cold":
        mesh.wait_running()
    return _rows(mesh)


def _rows(mesh):
    """Row changes of the last backlog, as the outbox counted them."""
    total = mesh.totals()["rows_before"]
    mesh.rows_before, last = total, getattr(mesh, "rows_before", 0)
    return total - last
