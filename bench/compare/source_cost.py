"""source cost: transactions per second of the load with nothing attached, a native replica, the mesh.

Everything runs on one machine, so the cost holds what the target's side takes from the source's cores too. Rounds are
interleaved; the spread of the rounds without anything attached is the noise that differences are read against.
"""

from loads import LOADS
from report import median, spread, table


def loads(_options):
    return ["write_only"]


def run(site, options, targets):
    load = LOADS["write_only"]
    site.connect()
    site.replica.stop()
    site.mesh.stop()
    seconds = 8 if options.quick else 20
    rounds = max(2, options.rounds)
    rates = {"nothing": [], "native": [], "mesh": []}
    load.run(site.source, seconds=3)  # the buffer pool is warm afterwards
    for turn in range(rounds):
        order = ["nothing", "native", "mesh"]
        for name in order[turn % 3:] + order[:turn % 3]:
            system = {"native": site.replica, "mesh": site.mesh}.get(name)
            if system is not None:
                system.start()
                if system is site.mesh:
                    site.mesh.wait_running()
                system.wait(site.source.gtid())
            rates[name].append(load.run(site.source, seconds=seconds))
            if system is not None:
                system.wait(site.source.gtid())
                system.stop()
    alone = median(rates["nothing"])
    results = {"seconds": seconds, "rates": rates, "noise": spread(rates["nothing"])}
    for name in ("native", "mesh"):
        results[name + "_share"] = median(rates[name]) / alone
    table("Transactions per second at the source (medians of %d rounds of %d s)" % (rounds, seconds),
          ["attached", "tx/s", "± ", "% of alone"],
          [[name, median(rates[name]), "%.0f %%" % (100 * spread(rates[name])), 100 * median(rates[name]) / alone]
           for name in rates])
    targets.check("source cost: tx/s with the mesh against tx/s with a native replica, less the noise of %.0f %%"
                  % (100 * results["noise"]), median(rates["mesh"]) / median(rates["native"]),
                  1 - results["noise"], True)
    return results
