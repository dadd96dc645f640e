// Verifications: the last comparison of all tables of each flow, kept in its target and told in status and
// metrics.
//
// Any thread. What the target has from before is read after the start, in the background: a target that is
// away holds nothing up.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/backoff.h"
#include "base/status.h"
#include "engine_mariadb/verification_store.h"
#include "obs/metrics.h"

namespace srdf::applier {

class Verifications {
 public:
  explicit Verifications(obs::Metrics* metrics) : metrics_(metrics) {}
  ~Verifications() { Stop(); }

  // Before Start.
  void AddFlow(const std::string& flow, engine::ServerEndpoint target);
  void Start();
  void Stop();

  // Durable on return. A `partial` one is only logged: what a comparison of all tables has found still holds.
  // kNotFound: no such flow.
  Status Record(const std::string& flow, const engine_mariadb::Verification& verification, bool partial);
  // Never waits; nothing while it is not known.
  std::optional<engine_mariadb::Verification> Last(const std::string& flow) const;

 private:
  struct Flow {
    Flow(obs::Metrics* metrics, const std::string& name, engine::ServerEndpoint target);
    void Refresh(const std::optional<engine_mariadb::Verification>& last);

    std::mutex store_mu;  // one call of the store at a time
    engine_mariadb::VerificationStore store;
    obs::Gauge rows, missing, extra, different, tables, not_compared, completed;
  };
  void Load(const std::stop_token& stop);

  obs::Metrics* const metrics_;
  std::map<std::string, std::unique_ptr<Flow>> flows_;  // constant after Start
  WakeableWait wait_;

  mutable std::mutex mu_;
  // guarded by mu_
  std::map<std::string, engine_mariadb::Verification> last_;

  std::jthread thread_;
};

}  // namespace srdf::applier
