#include "applier/verifications.h"

#include <utility>

#include "obs/log.h"

namespace srdf::applier {

namespace {

using engine_mariadb::Verification;

constexpr std::chrono::seconds kTryAgain{10};

void Tell(const std::string& flow, const Verification& v, bool partial) {
  const char* const event = v.tables_differing != 0      ? "target_differs_from_source"
                            : v.tables_not_compared != 0 ? "target_not_compared_whole"
                            : partial                    ? "part_of_target_equals_source"
                                                         : "target_equals_source";
  obs::Info(event, {{"flow", flow},
                    {"scope", v.scope},
                    {"gtid", v.gtid},
                    {"rows", v.rows_source},
                    {"missing", v.missing},
                    {"extra", v.extra},
                    {"different", v.different},
                    {"tables_not_compared", v.tables_not_compared},
                    {"by", v.actor}});
}

}  // namespace

Verifications::Flow::Flow(obs::Metrics* metrics, const std::string& name, engine::ServerEndpoint target)
    : store(std::move(target)),
      rows(metrics->NewGauge("srdf_verify_last_rows", "Rows of the source in the last comparison.",
                             {{"flow", name}})),
      missing(metrics->NewGauge("srdf_verify_last_differences", "Rows that differed in the last comparison.",
                                {{"flow", name}, {"kind", "missing"}})),
      extra(metrics->NewGauge("srdf_verify_last_differences", "Rows that differed in the last comparison.",
                              {{"flow", name}, {"kind", "extra"}})),
      different(metrics->NewGauge("srdf_verify_last_differences",
                                  "Rows that differed in the last comparison.",
                                  {{"flow", name}, {"kind", "different"}})),
      tables(metrics->NewGauge("srdf_verify_last_tables_differing",
                               "Tables that differed in the last comparison.", {{"flow", name}})),
      not_compared(metrics->NewGauge("srdf_verify_last_tables_not_compared",
                                     "Tables that could not be compared in the last comparison.",
                                     {{"flow", name}})),
      completed(metrics->NewGauge("srdf_verify_last_completed_timestamp_seconds",
                                  "When the last comparison ended; 0: there was none.", {{"flow", name}})) {}

void Verifications::Flow::Refresh(const std::optional<Verification>& last) {
  const Verification v = last.value_or(Verification());
  rows.Set(static_cast<double>(v.rows_source));
  missing.Set(static_cast<double>(v.missing));
  extra.Set(static_cast<double>(v.extra));
  different.Set(static_cast<double>(v.different));
  tables.Set(static_cast<double>(v.tables_differing));
  not_compared.Set(static_cast<double>(v.tables_not_compared));
  completed.Set(static_cast<double>(v.completed_at_ms) / 1e3);
}

void Verifications::AddFlow(const std::string& flow, engine::ServerEndpoint target) {
  flows_.emplace(flow, std::make_unique<Flow>(metrics_, flow, std::move(target)));
}

void Verifications::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Load(stop); });
}

void Verifications::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Verifications::Load(const std::stop_token& stop) {
  std::vector<std::string> waiting;
  for (const auto& [name, flow] : flows_) waiting.push_back(name);
  while (!waiting.empty() && !stop.stop_requested()) {
    std::vector<std::string> failed;
    for (const std::string& name : waiting) {
      Flow& flow = *flows_.at(name);
      std::lock_guard one_call(flow.store_mu);
      auto last = flow.store.Last(name);
      if (!last.ok()) {
        failed.push_back(name);  // the flow itself says that its target is away
        continue;
      }
      flow.Refresh(*last);
      std::lock_guard lock(mu_);
      if (last->has_value()) last_[name] = std::move(**last);
    }
    waiting = std::move(failed);
    if (!waiting.empty()) (void)wait_.WaitFor(stop, kTryAgain);
  }
}

Status Verifications::Record(const std::string& flow, const Verification& verification, bool partial) {
  const auto found = flows_.find(flow);
  if (found == flows_.end())
    return {StatusCode::kNotFound, "no flow named " + flow, "see `srdfctl flow list`"};
  Tell(flow, verification, partial);
  if (partial) return {};
  std::lock_guard one_call(found->second->store_mu);
  SRDF_RETURN_IF_ERROR(found->second->store.Record(flow, verification));
  found->second->Refresh(verification);
  std::lock_guard lock(mu_);
  last_[flow] = verification;
  return {};
}

std::optional<Verification> Verifications::Last(const std::string& flow) const {
  std::lock_guard lock(mu_);
  const auto found = last_.find(flow);
  if (found == last_.end()) return std::nullopt;
  return found->second;
}

}  // namespace srdf::applier
