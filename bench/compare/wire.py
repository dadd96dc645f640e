"""wire: bytes that cross between the sites for as many transactions of the same kind.

A relay that counts stands between the sites (relay.py). "catch-up": the backlog was written while the line was cut.
"window": the load runs at a fixed rate and the batcher gathers in windows of 10 s. The native replica is measured plain
and with slave_compressed_protocol; it reads a log without column names (binlog_row_metadata=NO_LOG, its default),
the mesh one with them, so that neither carries what only the other needs.
"""

from loads import LOADS
from relay import Relay
from report import table

TARGETS = {"write_only": 0.10, "insert": 0.40}
WINDOW_SECONDS = 10
WINDOW_RATE = 1000
WINDOW_TARGET = 0.05


def loads(options):
    return options.loads


def run(site, options, targets):
    source_relay = Relay(lambda: site.source.port)
    site.replica.connect(site.start_gtid, port=source_relay.port)
    site.mesh = site.new_mesh("mesh")
    receiver_relay = Relay(lambda: site.mesh.ports["receiver"][0])
    site.mesh.create(site.start_gtid)
    site.mesh.configure(addresses={"receiver": receiver_relay.port})
    site.mesh.up()
    site.mesh.wait_running()

    def native_bytes(load, transactions, compressed):
        """The replica's connection stays, so that only the log itself is counted."""
        site.source.sql("SET GLOBAL binlog_row_metadata=NO_LOG")
        site.replica.stop()
        site.replica.target.sql("SET GLOBAL slave_compressed_protocol=%d" % compressed)
        site.replica.start()
        site.replica.wait(site.source.gtid())
        before = source_relay.bytes()
        load.run(site.source, transactions=transactions)
        site.replica.wait(site.source.gtid())
        site.source.sql("SET GLOBAL binlog_row_metadata=FULL")
        return source_relay.bytes() - before

    results = []
    for name in options.loads:
        load = LOADS[name]
        transactions = int(options.transactions * load.share)
        plain = native_bytes(load, transactions, False)
        packed = native_bytes(load, transactions, True)
        site.mesh.wait(site.source.gtid())
        before = receiver_relay.bytes_of_senders()
        site.mesh.pause()
        load.run(site.source, transactions=transactions)
        site.mesh.wait_read(site.source.gtid())
        site.mesh.resume()
        site.mesh.wait(site.source.gtid())
        away = receiver_relay.bytes_of_senders() - before
        results.append({"load": name, "kind": "catch-up", "transactions": transactions, "native_bytes": plain,
                        "native_compressed_bytes": packed, "mesh_bytes": away, "share": away / plain,
                        "share_of_compressed": away / packed})
        if name in TARGETS:
            targets.check("wire, %s catch-up: share of native's bytes" % name, away / plain, TARGETS[name], False)

    if "hot" in options.loads:
        load = LOADS["hot"]
        transactions = WINDOW_RATE * (20 if options.quick else 60)
        plain = native_bytes(load, transactions, False)
        packed = native_bytes(load, transactions, True)
        site.mesh.wait(site.source.gtid())
        site.mesh.down()
        site.mesh.configure(settings={"batch_mode": "window", "batch_max_age_seconds": WINDOW_SECONDS},
                            addresses={"receiver": receiver_relay.port})
        site.mesh.up()
        site.mesh.wait_running()
        before = receiver_relay.bytes_of_senders()
        load.run(site.source, transactions=transactions, rate=WINDOW_RATE)
        site.mesh.wait(site.source.gtid())
        windowed = receiver_relay.bytes_of_senders() - before
        results.append({"load": "hot", "kind": "window %d s" % WINDOW_SECONDS, "transactions": transactions,
                        "native_bytes": plain, "native_compressed_bytes": packed, "mesh_bytes": windowed,
                        "share": windowed / plain, "share_of_compressed": windowed / packed})
        targets.check("wire, hot rows, 10 s window: share of native's bytes", windowed / plain, WINDOW_TARGET, False)
    site.replica.wait(site.source.gtid())
    for name in options.loads:
        site.check_equal(LOADS[name].database)
    table("Bytes between the sites", ["load", "how", "transactions", "native MB", "compressed MB", "mesh MB",
                                      "% of native", "% of compressed"],
          [[r["load"], r["kind"], r["transactions"], r["native_bytes"] / 1e6, r["native_compressed_bytes"] / 1e6,
            r["mesh_bytes"] / 1e6, 100 * r["share"], 100 * r["share_of_compressed"]] for r in results])
    return results
