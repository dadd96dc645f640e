// srdfctl verify: compares source and target, row by row in the end, while both are written to.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "srdfctl/commands.h"
#include "srdfctl/comparing.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/table_names.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

constexpr size_t kRowsShown = 20;
constexpr int kExitNotCompared = 2;

Result<ComparingOptions> OptionsOf(const config::Config& config, const VerifyOptions& asked) {
  ComparingOptions options;
  options.flow = asked.flow;
  options.rows_per_second_max = asked.rows_per_second_max;
  for (const std::string& text : asked.tables) {
    SRDF_ASSIGN_OR_RETURN(auto name, TableNameOf(text));
    options.compare.tables.push_back(std::move(name));
    options.scope += (options.scope.empty() ? "" : ", ") + text;
  }
  for (const std::string& text : asked.ranges) {
    const size_t colon = text.find(':');
    const size_t dots = text.find("..", colon == std::string::npos ? 0 : colon);
    if (colon == std::string::npos || dots == std::string::npos) {
      return Status(StatusCode::kInvalidArgument, "\"" + text + "\" is not a range",
                    "--range shop.orders:1..5000");
    }
    SRDF_ASSIGN_OR_RETURN(const auto name, TableNameOf(text.substr(0, colon)));
    const auto& named = options.compare.tables;
    if (std::find(named.begin(), named.end(), name) != named.end()) {
      return Status(StatusCode::kInvalidArgument, name.Text() + " is named twice, once with a range",
                    "compare one range of a table at a time, or all of it with --table");
    }
    options.compare.tables.push_back(name);
    options.ranges[name] = {text.substr(colon + 1, dots - colon - 1), text.substr(dots + 2)};
    options.scope += (options.scope.empty() ? "" : ", ") + text;
  }
  if (options.scope.empty()) options.scope = "all tables";
  options.compare.extra_tables = !SharesTarget(config, asked.flow);
  return options;
}

// It has keys and rows in clear: for the operator alone.
Status WriteReport(const std::string& path, const nlohmann::ordered_json& json) {
  const std::string text = json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  // One that was there may be open to others.
  std::FILE* const file = fd < 0 || ::fchmod(fd, 0600) != 0 ? nullptr : ::fdopen(fd, "w");
  if (file == nullptr && fd >= 0) ::close(fd);
  const bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr && std::fclose(file) == 0 && written) return {};
  return {StatusCode::kFailedPrecondition, "the report cannot be written to " + path,
          "name a file in a directory that is there, may be written to and is not full"};
}

// For status and metrics; a result that is not kept is still a result.
void Record(MeshClient* client, const VerifyReport& report, bool partial) {
  const compare::Findings& f = report.findings;
  applier::v1::RecordVerificationRequest request;
  request.set_flow(report.flow);
  auto* out = request.mutable_verification();
  out->set_scope(report.scope);
  out->set_gtid(f.last.gtid);
  out->set_started_at_ms(f.started_at_ms);
  out->set_completed_at_ms(f.completed_at_ms);
  out->set_tables(f.tables.size());
  out->set_tables_differing(f.tables_differing());
  out->set_tables_not_compared(f.tables_not_compared());
  out->set_partial(partial);
  out->set_rows_source(f.rows_source());
  out->set_rows_target(f.rows_target());
  out->set_missing(f.missing());
  out->set_extra(f.extra());
  out->set_different(f.different());
  const auto recorded = client->Call("applier", client->applier(),
                                     &applier::v1::ApplierService::Stub::RecordVerification, request);
  if (!recorded.ok()) {
    std::fprintf(stderr, "srdfctl: the result was not recorded: %s\n", recorded.status().message().c_str());
  }
}

int ExitOf(const compare::Findings& findings) {
  if (findings.tables_differing() != 0) return kExitFailed;
  return findings.tables_not_compared() != 0 ? kExitNotCompared : kExitOk;
}

int VerifyOnce(MeshClient* client, const GlobalOptions& global, const VerifyOptions& asked,
               const ComparingOptions& options) {
  const auto report = RunComparison(client, options);
  if (!report.ok()) {
    Fail(report.status());
    return kExitNotCompared;
  }
  if (!asked.report.empty() || global.json) {
    const nlohmann::ordered_json json = ReportToJson(*report);
    if (global.json) {
      fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    }
    const Status written = asked.report.empty() ? Status() : WriteReport(asked.report, json);
    if (!written.ok()) {
      Fail(written);
      return kExitNotCompared;
    }
  }
  if (!global.json) fmt::print("{}", RenderFindings(*report, kRowsShown));
  std::fflush(stdout);
  Record(client, *report, !asked.tables.empty() || !asked.ranges.empty());
  return ExitOf(report->findings);
}

}  // namespace

int Verify(const GlobalOptions& global, const VerifyOptions& asked) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, asked.flow)) return kExitBadConfiguration;
  const auto options = OptionsOf(config, asked);
  if (!options.ok()) {
    Fail(options.status());
    return kExitBadConfiguration;
  }
  MeshClient client(config);
  while (true) {
    const auto next = std::chrono::steady_clock::now() + std::chrono::seconds(asked.every_seconds);
    const int exit_code = VerifyOnce(&client, global, asked, *options);
    if (!asked.watch || Interrupted()) return exit_code;
    std::fprintf(stderr, "next comparison in %s; Ctrl-C ends\n",
                 FormatDuration(static_cast<int64_t>(asked.every_seconds) * 1000).c_str());
    std::this_thread::sleep_until(next);
  }
}

}  // namespace srdf::ctl
