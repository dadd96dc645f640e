// What `srdfctl up` checks and finds before it starts anything.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "srdfctl/supervisor.h"

namespace srdf::ctl {

// Names of services, in the order in which they are drained.
using ServiceNames = std::vector<std::string>;

// The services that one host runs: `only` names them ("capture,batcher"), or `site` does: "source" is
// capture, batcher, shipper and orchestrator, "target" is receiver and applier. Both empty: all.
// kInvalidArgument names what is no service.
Result<ServiceNames> ChooseServices(const std::string& only, const std::string& site);

// The directory that holds their programs, srdf-capture and so on: `given`, or the one of this program, or
// libexec beside its directory. kNotFound names the program that is missing.
Result<std::string> FindServices(const std::string& given, const ServiceNames& names);

// One process per service, in the order in which they are stopped.
std::vector<ProcessSpec> ServiceProcesses(const config::Config& config, const std::string& bin_dir,
                                          const ServiceNames& names);

// Every listener of these services must be free: services share no port with another program, nor with
// another mesh on this host, which would answer in their place. Waits for `patience`: the services of a
// supervisor that was just killed need a moment to die.
Status CheckListenersFree(const config::Config& config, const ServiceNames& names,
                          std::chrono::milliseconds patience);

}  // namespace srdf::ctl
