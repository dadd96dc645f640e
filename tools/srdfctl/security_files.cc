#include "srdfctl/security_files.h"

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "config/values.h"
#include "pki/token.h"

namespace srdf::ctl {

namespace {

bool AllOnLoopback(const config::Config& config) {
  return std::all_of(config.services.begin(), config.services.end(), [](const auto& service) {
    const auto address = config::ParseAddress(service.second.listen);
    return address.ok() && config::IsLoopback(*address);
  });
}

std::string CertDev(const config::Config& config) { return "srdfctl cert dev --config " + config.path; }

bool IsDevelopment(const pki::SecurityDir& dir) {
  std::error_code ignored;
  return std::filesystem::exists(dir.authority_key(), ignored);
}

Status MakeFiles(const config::Config& config, bool is_new, std::string* said) {
  auto files = pki::MakeDevelopmentFiles(DevelopmentOptionsOf(config));
  if (!files.ok()) return files.status();
  const auto changed = std::count_if(files->begin(), files->end(), [](const pki::DevelopmentFile& file) {
    return file.deed != pki::Deed::kKept;
  });
  if (is_new) {
    *said = "made a development authority, certificates and tokens in " + config.security_dir +
            ": the mesh speaks mutual TLS";
  } else if (changed != 0) {
    *said = "renewed " + std::to_string(changed) + " of the development files in " + config.security_dir;
  }
  return {};
}

// What a service would only find out when it delivers or takes: the flow would wait, and `up` would have said
// that all is well.
Status CheckTokens(const config::Config& config, const std::vector<std::string>& services) {
  const bool needed = std::any_of(services.begin(), services.end(), [](const std::string& service) {
    return service == "shipper" || service == "receiver" || service == "applier";
  });
  if (!needed) return {};
  for (const config::FlowConfig& flow : config.flows) {
    const Status status = pki::TokenSource(flow.token_file, flow.token_env).Read().status();
    if (!status.ok()) return {status.code(), "flow " + flow.name + ": " + status.message(), status.remedy()};
  }
  return {};
}

}  // namespace

pki::DevelopmentOptions DevelopmentOptionsOf(const config::Config& config) {
  pki::DevelopmentOptions options;
  options.dir = config.security_dir;
  options.mesh = config.mesh;
  options.now_ms = WallClockMs();
  for (const config::FlowConfig& flow : config.flows) options.flows.push_back(flow.name);
  return options;
}

Status PrepareSecurityFiles(const config::Config& config, const std::vector<std::string>& services,
                            std::string* said) {
  if (config.security_mode == "insecure") {
    *said =
        "WARNING: security.mode is insecure: rows travel in plaintext, and anybody who reaches a port may "
        "read and steer everything";
    return {};
  }
  const pki::SecurityDir dir(config.security_dir);
  const bool is_new = dir.IsEmpty();
  if (config.security_dir_is_default && AllOnLoopback(config) && (is_new || IsDevelopment(dir))) {
    SRDF_RETURN_IF_ERROR(MakeFiles(config, is_new, said));
    return CheckTokens(config, services);  // they may be elsewhere
  }
  const int64_t now_ms = WallClockMs();
  for (const std::string& service : services) {
    const pki::PairCheck check = pki::CheckPair(dir, config.mesh, service, now_ms);
    if (check.problem.ok()) continue;
    return {check.problem.code(), check.problem.message(),
            "make the files with `" + CertDev(config) +
                "`, or with your own authority (docs/operations/security.md)"};
  }
  return CheckTokens(config, services);
}

SecurityReport CheckSecurityFiles(const config::Config& config, int64_t now_ms) {
  const pki::SecurityDir dir(config.security_dir);
  SecurityReport report;
  report.authority = pki::CheckAuthority(dir, now_ms);
  for (const std::string& name : pki::CertificateNames())
    report.pairs.push_back(pki::CheckPair(dir, config.mesh, name, now_ms));
  for (const config::FlowConfig& flow : config.flows) {
    report.tokens.push_back({flow.name, pki::TokenSource(flow.token_file, flow.token_env).Read().status()});
  }
  return report;
}

std::vector<Status> SecurityProblems(const config::Config& config, int64_t now_ms) {
  if (config.security_mode == "insecure") {
    return {Status(StatusCode::kPermissionDenied,
                   "security.mode is insecure: rows travel in plaintext, and anybody who reaches a port may "
                   "read and steer everything",
                   "remove security.mode; `" + CertDev(config) + "` makes certificates")};
  }
  std::vector<Status> problems;
  const SecurityReport report = CheckSecurityFiles(config, now_ms);
  if (!report.authority.authorities.empty() && !report.authority.problem.ok())
    problems.push_back(report.authority.problem);
  for (const pki::PairCheck& check : report.pairs) {
    if (!check.is_present) continue;
    const int64_t left_ms = check.certificate.not_after_ms - now_ms;
    if (!check.problem.ok()) {
      problems.push_back(check.problem);
    } else if (left_ms < pki::kExpiryWarningMs) {
      problems.push_back({StatusCode::kFailedPrecondition,
                          check.file + " ends at " + pki::TimeText(check.certificate.not_after_ms),
                          "renew it; running services take the new one by themselves"});
    }
  }
  return problems;
}

}  // namespace srdf::ctl
