#include "rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "obs/log.h"

namespace srdf::rpc {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kQuiet{1};
constexpr size_t kRememberedMax = 100;

// Whether a line is to be written: not when the same was within the last minute.
bool IsDue(const std::string& line) {
  static std::mutex mu;
  static std::map<std::string, Clock::time_point> written;  // guarded by mu
  const auto now = Clock::now();
  std::lock_guard lock(mu);
  if (const auto found = written.find(line); found != written.end() && now - found->second < kQuiet)
    return false;
  if (written.size() >= kRememberedMax) written.clear();
  written[line] = now;
  return true;
}

void Write(gpr_log_func_args* args) {
  if (args->severity != GPR_LOG_SEVERITY_ERROR) return;
  const std::string line(std::string_view(args->message).substr(0, 500));
  const bool is_handshake = line.find("Handshake failed") != std::string::npos;
  if (IsDue(line)) obs::Warn(is_handshake ? "tls_handshake_failed" : "grpc", {{"error", line}});
}

}  // namespace

void LogGrpcErrors() { gpr_set_log_function(&Write); }

void SilenceGrpcErrors() {
  gpr_set_log_function([](gpr_log_func_args*) {});
}

}  // namespace srdf::rpc
