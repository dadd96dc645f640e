#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>

#include "srdfctl/commands.h"
#include "srdfctl/mesh_client.h"
#include "srdfctl/mesh_replies.h"
#include "srdfctl/status_document.h"

namespace srdf::ctl {
namespace {

constexpr std::chrono::seconds kWatchInterval{1};

// Home, then each line over the old one, then whatever was below: no flicker, and no full-screen library.
std::string InPlace(const std::string& screen) {
  std::string out = "\033[H";
  for (const char c : screen) {
    if (c == '\n') out += "\033[K";
    out += c;
  }
  return out + "\033[J";
}

// Waits a second; true when the operator has had enough.
bool WaitForInterrupt(const sigset_t& signals) {
  const timespec interval = {kWatchInterval.count(), 0};
  return ::sigtimedwait(&signals, nullptr, &interval) > 0;
}

// With a client of its own: a connection that nobody polls between two screens would make a service that
// drains wait for its end.
MeshReplies AskOnce(const config::Config& config) {
  MeshClient client(config);
  return AskMesh(config, &client);
}

}  // namespace

int ShowStatus(const GlobalOptions& global, const std::string& flow, bool watch) {
  config::Config config;
  if (!LoadOrExplain(global, &config) || !KnowsFlow(config, flow)) return kExitBadConfiguration;
  sigset_t signals;
  sigemptyset(&signals);
  if (watch) {
    // Before gRPC starts its threads, so that none of them receives the signal.
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  if (watch && terminal && !global.json) std::fputs("\033[2J", stdout);
  while (true) {
    const Document status = BuildStatus(config, AskOnce(config), flow);
    if (global.json) {
      // Watched: one document per line.
      fmt::print("{}\n", status.dump(watch ? -1 : 2, ' ', false, Document::error_handler_t::replace));
    } else {
      const std::string screen = RenderStatus(status, terminal);
      std::fputs(watch && terminal ? InPlace(screen).c_str() : screen.c_str(), stdout);
    }
    std::fflush(stdout);
    if (!watch || WaitForInterrupt(signals)) return AnyFlowStopped(status) ? kExitFailed : kExitOk;
  }
}

}  // namespace srdf::ctl
