// What `srdfctl up` checks and finds before it starts anything.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "srdfctl/supervisor.h"

namespace srdf::ctl {

// The directory that holds srdf-capture and the others: `given`, or the one of this program, or libexec
// beside its directory. kNotFound names the program that is missing.
Result<std::string> FindServices(const std::string& given);

// One process per service, in the order in which they are stopped.
std::vector<ProcessSpec> ServiceProcesses(const config::Config& config, const std::string& bin_dir);

// Every listener of the mesh must be free: services share no port with another program, nor with another
// mesh on this host, which would answer in their place. Waits for `patience`: the services of a supervisor
// that was just killed need a moment to die.
Status CheckListenersFree(const config::Config& config, std::chrono::milliseconds patience);

}  // namespace srdf::ctl
