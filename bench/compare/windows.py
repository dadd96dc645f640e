"""windows: what a longer window saves in bytes and costs in lag, on the load with hot rows at a fixed rate."""

import time

from loads import LOADS
from report import percentile, table

RATE = 500
WINDOWS = [("each commit", {"batch_mode": "on_commit"}, 20),
           ("adaptive", {"batch_mode": "adaptive"}, 20),
           ("1 s", {"batch_mode": "window", "batch_max_age_seconds": 1}, 20),
           ("10 s", {"batch_mode": "window", "batch_max_age_seconds": 10}, 40),
           ("2 min", {"batch_mode": "window", "batch_max_age_seconds": 120}, 240)]


def loads(_options):
    return ["hot"]


def run(site, options, _targets):
    load = LOADS["hot"]
    site.connect()
    site.replica.stop()
    results = []
    for name, settings, seconds in WINDOWS:
        if options.quick and seconds > 30:
            continue
        site.mesh.down()
        site.mesh.configure(settings=settings)
        site.mesh.up()
        site.mesh.wait_running()
        site.mesh.wait(site.source.gtid())
        before = site.mesh.totals()
        cpu = sum(site.mesh.cpu_seconds().values())
        lags = _lags(site, load, seconds)
        # What is still in the window leaves it now: the bytes are those of all transactions.
        site.mesh.ctl("flow", "seal", site.mesh.flow)
        site.mesh.wait(site.source.gtid())
        after = site.mesh.totals()
        delta = {key: after[key] - before[key] for key in
                 ("wagons", "transactions", "rows_before", "rows_after", "payload_compressed_bytes", "source_bytes")}
        results.append({"window": name, "seconds": seconds, "lag_p50_seconds": percentile(lags, 0.5),
                        "lag_max_seconds": max(lags), "cpu_seconds": sum(site.mesh.cpu_seconds().values()) - cpu,
                        **delta})
    site.check_equal_to_mesh(load.database)
    table("Windows, hot rows at %d transactions/s" % RATE,
          ["window", "transactions", "wagons", "rows", "rows sent", "log MB", "sent MB", "% of log", "lag p50 s",
           "lag max s", "CPU ms/1000 tx"],
          [[r["window"], r["transactions"], r["wagons"], r["rows_before"], r["rows_after"], r["source_bytes"] / 1e6,
            r["payload_compressed_bytes"] / 1e6, 100 * r["payload_compressed_bytes"] / r["source_bytes"],
            r["lag_p50_seconds"], r["lag_max_seconds"], 1e6 * r["cpu_seconds"] / r["transactions"]] for r in results])
    return results


def _lags(site, load, seconds):
    """Age of what is visible at the target, asked every 50 ms: now minus when the source was at that position."""
    seen = []  # (moment, transaction number at the source)
    lags = []
    session = site.source_session()
    with load.start(site.source, seconds, RATE) as background:
        while background.running():
            now = time.monotonic()
            seen.append((now, _number(session.value("SELECT @@GLOBAL.gtid_binlog_pos"))))
            applied = _number(site.mesh.applied_gtid())
            while len(seen) > 1 and seen[1][1] <= applied:
                seen.pop(0)
            # The oldest position that is not at the target yet was reached then; nothing is missing: no lag.
            lags.append(now - seen[0][0] if seen[-1][1] > applied else 0.0)
            time.sleep(0.05)
    return lags


def _number(gtid):
    return int(gtid.rsplit("-", 1)[1])
