#include "rpc/service_main.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>

#include "failpoint/failpoint.h"
#include "obs/log.h"
#include "rpc/grpc_log.h"

namespace srdf::rpc {

namespace {

constexpr std::chrono::milliseconds kDrainGrace{1500};

// Blocks the signals in every thread made from here on, so that only WaitForSignal receives them.
sigset_t BlockStopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

[[noreturn]] void Fail(const std::string& service, const Status& status, int exit_code) {
  obs::Error("service_failed", {{"error", status}});
  std::fprintf(stderr, "srdf-%s: %s\n", service.c_str(), status.message().c_str());
  if (!status.remedy().empty()) std::fprintf(stderr, "  remedy: %s\n", status.remedy().c_str());
  std::fflush(stderr);
  // As at a clean end: nothing durable is open, and the metrics server takes seconds to go.
  std::_Exit(exit_code);
}

Status PrepareDataDir(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) {
    return {StatusCode::kFailedPrecondition,
            "cannot create the data directory " + dir + ": " + error.message(),
            "create it, or set data_dir to a directory this user can write"};
  }
  return {};
}

// What a core file holds is all that is nowhere else in clear: rows, and the keys of the ring. For good: the
// hard limit too.
void KeepMemoryOutOfCoreFiles(const config::Config& config) {
  if (!config::EncryptsAnyFlow(config)) return;
  const rlimit none = {0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0)
    obs::Warn("core_files_possible", {{"reason", std::string(std::strerror(errno))}});
}

// Only these two have a use for keys; the others may have been given the same environment. Overwritten where
// it stands, which is what /proc shows. Before the first thread.
void ForgetKeyRing(const std::string& service, const config::Config& config) {
  if (config.key_ring_env.empty() || service == "batcher" || service == "applier") return;
  char* const text = std::getenv(config.key_ring_env.c_str());
  if (text == nullptr) return;
  ::explicit_bzero(text, std::strlen(text));
  ::unsetenv(config.key_ring_env.c_str());
}

void TellSecurity(const config::Config& config) {
  if (config.security_mode != "insecure") return;
  obs::Warn(
      "insecure_transport",
      {{"error", Status(StatusCode::kPermissionDenied,
                        "security.mode is insecure: rows travel in plaintext, and anybody who reaches a "
                        "port may read and steer everything",
                        "remove security.mode, and let `srdfctl cert dev` make certificates")}});
}

void StartSecurityProbe(const std::string& service, obs::Metrics* metrics, Security* security) {
  if (security->insecure()) return;
  obs::Gauge gauge =
      metrics->NewGauge("srdf_" + service + "_certificate_expiry_seconds",
                        "Seconds until this service's certificate ends; negative when it has.", {});
  security->Watch([gauge](double seconds) mutable { gauge.Set(seconds); });
}

std::function<void(Refusal)> RefusalCounter(const std::string& service, obs::Metrics* metrics) {
  return [name = "srdf_" + service + "_calls_refused_total", metrics](Refusal refusal) {
    metrics
        ->NewCounter(name, "Calls that were refused for want of an identity, a right or a token.",
                     {{"reason", std::string(RefusalName(refusal))}})
        .Add();
  };
}

}  // namespace

int ServiceMain(const std::string& service, int argc, char** argv, AppFactory factory) {
  // Each thread would get an arena of its own, and gRPC has dozens of threads: what one of them has freed the
  // others could not use, and wagons' buffers would stay resident several times over.
  mallopt(M_ARENA_MAX, 2);
  CLI::App cli("srdf-" + service +
               ": a service of the SRDF replication mesh, usually started by `srdfctl up`");
  std::string config_path;
  std::string data_dir;
  cli.add_option("--config", config_path, "the mesh's YAML file")->required();
  cli.add_option("--data-dir", data_dir, "overrides data_dir of the configuration");
  cli.set_version_flag("--version", "srdf-" + service + " " SRDF_VERSION);
  cli.footer("Example:\n  srdf-" + service + " --config /etc/srdf/srdf.yaml");
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return cli.exit(e) == 0 ? 0 : 2;
  }

  const sigset_t stop_signals = BlockStopSignals();
  auto loaded = config::LoadConfig(config_path);
  if (!loaded.ok()) Fail(service, loaded.status(), 2);
  config::Config config = std::move(loaded).value();
  if (!data_dir.empty()) config.data_dir = data_dir;
  obs::InitLogging(service, config.log_level, config.log_format);
  KeepMemoryOutOfCoreFiles(config);
  ForgetKeyRing(service, config);
  if (Status s = failpoint::CheckEnvironment(); !s.ok()) Fail(service, s, 2);
  if (Status s = PrepareDataDir(config.data_dir); !s.ok()) Fail(service, s, 1);

  const config::ServiceConfig& endpoint = config.services.at(service);
  auto metrics = obs::Metrics::Start(endpoint.metrics, service);
  if (!metrics.ok()) Fail(service, metrics.status(), 1);

  LogGrpcErrors();
  auto security = Security::Open(config, service);
  if (!security.ok()) Fail(service, security.status(), 1);
  TellSecurity(config);
  StartSecurityProbe(service, metrics->get(), security->get());

  auto app = factory(AppContext{&config, metrics->get(), security->get()});
  if (!app.ok()) Fail(service, app.status(), 1);
  Server server(endpoint.listen, (*security)->ForServer(RefusalCounter(service, metrics->get())));
  (*app)->Register(&server);
  if (Status s = server.Start(); !s.ok()) Fail(service, s, 1);
  if (Status s = (*app)->Start(); !s.ok()) Fail(service, s, 1);
  server.SetServing(true);
  obs::Info("service_started",
            {{"listen", endpoint.listen}, {"metrics", endpoint.metrics}, {"version", SRDF_VERSION}});

  int signal_number = 0;
  sigwait(&stop_signals, &signal_number);
  obs::Info("service_draining", {{"signal", strsignal(signal_number)}});
  server.SetServing(false);
  (*metrics)->StopRefreshing();
  (*app)->BeginDrain();
  server.Drain(kDrainGrace);
  (*app)->Stop();
  obs::Info("service_stopped");
  // Everything is joined and durable. What is left to destroy is the metrics server, which takes seconds.
  std::_Exit(0);
}

}  // namespace srdf::rpc
