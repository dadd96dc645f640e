#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "srdfctl/commands.h"
#include "srdfctl/databases.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;

struct EndFindings {
  std::string server;
  Status error;  // the server could not be asked
  std::vector<engine::PreflightProblem> findings;
};

template <typename Engine>
void Ask(Result<std::unique_ptr<Engine>> engine, EndFindings* end) {
  if (!engine.ok()) {
    end->error = engine.status();
    return;
  }
  auto findings = (*engine)->Preflight();
  if (!findings.ok()) {
    end->error = findings.status();
    return;
  }
  end->findings = std::move(*findings);
}

bool IsFatal(const EndFindings& end) {
  if (!end.error.ok()) return true;
  for (const engine::PreflightProblem& finding : end.findings) {
    if (finding.fatal) return true;
  }
  return false;
}

ordered_json ToJson(const EndFindings& end) {
  ordered_json findings = ordered_json::array();
  for (const engine::PreflightProblem& finding : end.findings) {
    findings.push_back({{"what", finding.what}, {"remedy", finding.remedy}, {"fatal", finding.fatal}});
  }
  ordered_json out = {{"server", end.server}, {"ready", !IsFatal(end)}, {"findings", std::move(findings)}};
  if (!end.error.ok()) out["error"] = {{"message", end.error.message()}, {"remedy", end.error.remedy()}};
  return out;
}

void Print(const char* which, const EndFindings& end) {
  fmt::print("  {} {}: ", which, end.server);
  if (!end.error.ok()) {
    fmt::print("cannot be asked\n    ERROR    {}\n", Printable(end.error.message()));
    if (!end.error.remedy().empty()) fmt::print("             remedy: {}\n", Printable(end.error.remedy()));
    return;
  }
  fmt::print("{}\n", end.findings.empty() ? "ready" : IsFatal(end) ? "not ready" : "ready, with warnings");
  for (const engine::PreflightProblem& finding : end.findings) {
    fmt::print("    {:<8} {}\n", finding.fatal ? "ERROR" : "WARNING", Printable(finding.what));
    // The remedy is a statement or a line to copy: it stands alone, as it is.
    fmt::print("             remedy: {}\n", finding.remedy);
  }
}

}  // namespace

int Preflight(const GlobalOptions& global, const std::string& flow) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  bool ready = true;
  ordered_json flows = ordered_json::array();
  for (const config::FlowConfig& candidate : config.flows) {
    if (!flow.empty() && candidate.name != flow) continue;
    EndFindings source{config::DescribeDatabase(candidate.source), {}, {}};
    EndFindings target{config::DescribeDatabase(candidate.target), {}, {}};
    Ask(OpenSource(candidate), &source);
    Ask(OpenTarget(candidate), &target);
    ready = ready && !IsFatal(source) && !IsFatal(target);
    if (global.json) {
      flows.push_back({{"flow", candidate.name}, {"source", ToJson(source)}, {"target", ToJson(target)}});
    } else {
      fmt::print("flow {}\n", candidate.name);
      Print("source", source);
      Print("target", target);
    }
  }
  if (global.json) {
    const ordered_json out = {{"ready", ready}, {"flows", std::move(flows)}};
    fmt::print("{}\n", out.dump(2, ' ', false, ordered_json::error_handler_t::replace));
  }
  return ready ? kExitOk : kExitFailed;
}

}  // namespace srdf::ctl
