"""footprint: CPU seconds and peak resident memory of each service, per million row changes.

Three scalings: the load (what the services need for each), the window (rows that are gathered before a wagon is
sealed), and the number of flows, all of one source, each to a target of its own.
"""

from loads import LOADS
from mesh import SERVICES
from report import table

MIB = 1 << 20
LIMIT_MIB = 256
SMALL_LIMIT_MIB = 64
SMALL = ("capture", "shipper")


def loads(options):
    # Of flows and windows write_only is measured, whatever else is asked for.
    return sorted({"write_only", *options.loads})


def flows(options):
    """The most that are measured."""
    return 3 if options.quick else 8


def run(site, options, targets):
    results = {"flows": _by_flows(site, options), "loads": [], "windows": []}
    for name in options.loads:
        load = LOADS[name]
        results["loads"].append({"load": name, **_measure(site, load, int(options.transactions * load.share))})
    for rows in (10000, 100000) if options.quick else (10000, 100000, 1000000):
        site.mesh.down()
        site.mesh.configure(settings={"batch_mode": "window", "batch_max_events": rows, "batch_max_bytes": "1GiB",
                                      "batch_max_age_seconds": 3600})
        site.mesh.up()
        site.mesh.wait_running()
        # A little more than one window; what is over is sealed by hand.
        result = _measure(site, LOADS["write_only"], int(1.05 * rows / 4), seal=True)
        results["windows"].append({"window_rows": rows, **result})
    _print("By flows (oltp_write_only, adaptive window)", "flows", results["flows"])
    _print("By load (adaptive window)", "load", results["loads"])
    _print("By window (oltp_write_only)", "window_rows", results["windows"])
    for service in SERVICES:
        peak = max(r["peak_bytes"][service] for rs in results.values() for r in rs)
        limit = SMALL_LIMIT_MIB if service in SMALL else LIMIT_MIB
        targets.check("memory, %s: peak MiB over all flows, loads and windows" % service, peak / MIB, limit, False)
    return results


def _by_flows(site, options):
    """The most flows first: so the targets hold the same when fewer of them go on. The last mesh, of one flow, stays."""
    results = []
    for count in sorted({1, (flows(options) + 1) // 2, flows(options)}, reverse=True):
        if site.mesh is not None:
            site.mesh.down()
        for server in site.mesh_targets[count:]:
            server.stop()
        site.mesh = site.new_mesh("flows%d" % count, flows=count)
        site.mesh.create(site.source.gtid())
        site.mesh.up()
        site.mesh.wait_running()
        results.insert(0, {"flows": count, **_measure(site, LOADS["write_only"], options.transactions // 4)})
        site.check_equal_to_mesh(LOADS["write_only"].database)
    return results


def _measure(site, load, transactions, seal=False):
    mesh = site.mesh
    mesh.wait(site.source.gtid())
    before, cpu = mesh.totals(), mesh.cpu_seconds()
    mesh.reset_resident_peaks()
    load.run(site.source, transactions=transactions)
    gtid = site.source.gtid()
    if seal:
        mesh.wait_read(gtid)
        mesh.ctl("flow", "seal", mesh.flow)
    mesh.wait(gtid)
    after = mesh.totals()
    rows = after["rows_before"] - before["rows_before"]
    used = mesh.cpu_seconds()
    return {"transactions": transactions, "rows": rows, "wagons": after["wagons"] - before["wagons"],
            "cpu_seconds": {s: used[s] - cpu[s] for s in SERVICES},
            "cpu_seconds_per_million_rows": {s: 1e6 * (used[s] - cpu[s]) / rows for s in SERVICES},
            "peak_bytes": mesh.resident_peak_bytes()}


def _print(title, key, results):
    table("CPU seconds per million row changes. " + title, [key, "rows", "wagons"] + SERVICES,
          [[str(r[key]), r["rows"], r["wagons"]] + [r["cpu_seconds_per_million_rows"][s] for s in SERVICES]
           for r in results])
    table("Peak resident MiB. " + title, [key] + SERVICES,
          [[str(r[key])] + [r["peak_bytes"][s] / MIB for s in SERVICES] for r in results])
