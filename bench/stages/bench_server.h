// The one private MariaDB server of the stages that need a server, started by the first that asks, with the
// tables of bench_rows.h; gone with the program.
#pragma once

#include "support/mariadb_server.h"

namespace srdf::bench {

// Durable, as a target is. Ends the program when there is no server to be had.
test::MariaDbServer& BenchServer();
// Stops it, if it runs; before main returns.
void StopBenchServer();

}  // namespace srdf::bench
