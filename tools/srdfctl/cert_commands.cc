// cert dev and cert check.
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "pki/token.h"
#include "srdfctl/commands.h"
#include "srdfctl/security_files.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

using nlohmann::ordered_json;

// Services read the files every second.
constexpr std::chrono::milliseconds kReadersNeed{3000};
constexpr int64_t kDayMs = 24ll * 3600 * 1000;

const char* Word(pki::Deed deed) {
  switch (deed) {
    case pki::Deed::kKept:
      return "kept";
    case pki::Deed::kMade:
      return "made";
    case pki::Deed::kRenewed:
      return "renewed";
  }
  return "";
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

struct Line {
  std::string file;
  std::string identity;
  std::vector<std::string> hosts;
  int64_t not_before_ms = 0;
  int64_t not_after_ms = 0;
  std::string fingerprint;
  std::string state;  // good | ends soon | absent | unusable
  Status problem;
};

std::string StateOf(const Status& problem, int64_t not_after_ms, int64_t now_ms) {
  if (!problem.ok()) return "unusable";
  return not_after_ms != 0 && not_after_ms - now_ms < pki::kExpiryWarningMs ? "ends soon" : "good";
}

Line LineOf(const std::string& file, const pki::Certificate& certificate, const Status& problem,
            int64_t now_ms) {
  Line line;
  line.file = file;
  line.identity = certificate.identity() ? certificate.identity()->ToUri() : certificate.subject;
  line.hosts = certificate.hosts;
  line.not_before_ms = certificate.not_before_ms;
  line.not_after_ms = certificate.not_after_ms;
  line.fingerprint = certificate.fingerprint;
  line.state = StateOf(problem, certificate.not_after_ms, now_ms);
  line.problem = problem;
  return line;
}

std::vector<Line> LinesOf(const SecurityReport& report, const config::Config& config, int64_t now_ms) {
  std::vector<Line> lines;
  const pki::AuthorityCheck& authority = report.authority;
  if (authority.authorities.empty()) lines.push_back(LineOf(authority.file, {}, authority.problem, now_ms));
  for (const pki::Certificate& certificate : authority.authorities)
    lines.push_back(LineOf(authority.file, certificate, authority.problem, now_ms));
  for (const pki::PairCheck& check : report.pairs) {
    lines.push_back(LineOf(check.file, check.certificate, check.problem, now_ms));
    if (!check.is_present) lines.back().state = "absent";
  }
  for (size_t i = 0; i < report.tokens.size(); ++i) {
    const config::FlowConfig& flow = config.flows[i];
    Line line;
    line.file = flow.token_env.empty() ? flow.token_file : "$" + flow.token_env;
    line.identity = "token of flow " + flow.name;
    line.problem = report.tokens[i].problem;
    line.state = line.problem.ok() ? "good" : "unusable";
    lines.push_back(line);
  }
  return lines;
}

void PrintTable(const std::vector<Line>& lines, int64_t now_ms) {
  Table table({{"STATE"}, {"DAYS", Table::Align::kRight}, {"NAME"}, {"HOSTS"}, {"FILE"}});
  for (const Line& line : lines) {
    table.Add({line.state,
               line.not_after_ms == 0 ? "-" : std::to_string((line.not_after_ms - now_ms) / kDayMs),
               line.identity.empty() ? "-" : Printable(line.identity),
               line.hosts.empty() ? "-" : Printable(Joined(line.hosts)), line.file});
  }
  fmt::print("{}", table.Render());
}

void PrintJson(const std::vector<Line>& lines, bool good) {
  ordered_json files = ordered_json::array();
  for (const Line& line : lines) {
    files.push_back({{"file", line.file},
                     {"state", line.state},
                     {"name", line.identity},
                     {"hosts", line.hosts},
                     {"not_before_ms", line.not_before_ms},
                     {"not_after_ms", line.not_after_ms},
                     {"fingerprint", line.fingerprint},
                     {"problem", line.problem.message()},
                     {"remedy", line.problem.remedy()}});
  }
  fmt::print("{}\n", ordered_json({{"good", good}, {"files", files}})
                         .dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

}  // namespace

int CertDev(const GlobalOptions& global, const CertDevOptions& given) {
  config::Config config;
  if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
  pki::DevelopmentOptions options = DevelopmentOptionsOf(config);
  if (!given.dir.empty()) options.dir = given.dir;
  options.hosts = given.hosts;
  options.days = given.days;
  options.renew = given.renew;
  options.new_authority = given.new_authority;
  options.drop_old_authorities = given.drop_old_authorities;
  options.rotate_tokens = given.rotate_tokens;
  options.wait_for_readers = [] { std::this_thread::sleep_for(kReadersNeed); };
  const auto files = pki::MakeDevelopmentFiles(options);
  if (!files.ok()) return Fail(files.status());
  if (global.json) {
    ordered_json out = {{"dir", options.dir}, {"files", ordered_json::array()}};
    for (const pki::DevelopmentFile& file : *files) {
      out["files"].push_back(
          {{"file", file.file}, {"done", Word(file.deed)}, {"not_after_ms", file.not_after_ms}});
    }
    fmt::print("{}\n", out.dump(2));
    return kExitOk;
  }
  Table table({{"DONE"}, {"VALID UNTIL"}, {"FILE"}});
  for (const pki::DevelopmentFile& file : *files) {
    table.Add({Word(file.deed), file.not_after_ms == 0 ? "-" : pki::TimeText(file.not_after_ms), file.file});
  }
  fmt::print("{}", table.Render());
  return kExitOk;
}

int CertCheck(const GlobalOptions& global) {
  config::Config config;
  if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
  if (config.security_mode == "insecure") return Fail(SecurityProblems(config, WallClockMs()).front());
  const int64_t now_ms = WallClockMs();
  const std::vector<Line> lines = LinesOf(CheckSecurityFiles(config, now_ms), config, now_ms);
  bool good = true;
  for (const Line& line : lines) good = good && line.state != "unusable";
  if (global.json) {
    PrintJson(lines, good);
    return good ? kExitOk : kExitFailed;
  }
  PrintTable(lines, now_ms);
  std::fflush(stdout);
  for (const Line& line : lines) {
    if (line.state == "unusable") Fail(line.problem);
  }
  return good ? kExitOk : kExitFailed;
}

}  // namespace srdf::ctl
