// The security files of a mesh, as srdfctl makes, checks and shows them.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "pki/certificate_check.h"
#include "pki/development.h"

namespace srdf::ctl {

// Before services start: makes or renews a development mesh's files where that is nobody else's business (the
// default directory, empty or a development authority's, and no listener beyond this host), and says so in
// `said`. Else checks that what the services need is there. An error names the file and the command.
Status PrepareSecurityFiles(const config::Config& config, const std::vector<std::string>& services,
                            std::string* said);

// Everything in the directory, for `cert check` and the status.
struct SecurityReport {
  pki::AuthorityCheck authority;
  std::vector<pki::PairCheck> pairs;  // absent ones too
  struct Token {
    std::string flow;
    Status problem;
  };
  std::vector<Token> tokens;
};
SecurityReport CheckSecurityFiles(const config::Config& config, int64_t now_ms);

// What an operator has to mend, or will have to within two weeks; absent files are no problem here: the other
// site may have them.
std::vector<Status> SecurityProblems(const config::Config& config, int64_t now_ms);

// Options for `config`'s mesh and flows.
pki::DevelopmentOptions DevelopmentOptionsOf(const config::Config& config);

}  // namespace srdf::ctl
