// ApplierProbe owns the names of the applier's metrics; they mirror the flow's status at every scrape.
#pragma once

#include "applier/applier_flow.h"
#include "obs/metrics.h"

namespace srdf::applier {

class ApplierProbe {
 public:
  // `flow` must outlive the last scrape.
  ApplierProbe(obs::Metrics* metrics, ApplierFlow* flow)
      : running_(metrics->NewGauge("srdf_applier_running", "1 while wagons are applied as they come.",
                                   {{"flow", flow->name()}})),
        failed_(metrics->NewGauge("srdf_applier_failed",
                                  "1 when a wagon cannot be applied or the target is not ready.",
                                  {{"flow", flow->name()}})),
        lag_p50_(metrics->NewGauge("srdf_applier_lag_seconds", "Source commit to applied, recent wagons.",
                                   {{"flow", flow->name()}, {"quantile", "0.5"}})),
        lag_p99_(metrics->NewGauge("srdf_applier_lag_seconds", "Source commit to applied, recent wagons.",
                                   {{"flow", flow->name()}, {"quantile", "0.99"}})),
        transit_p50_(metrics->NewGauge("srdf_applier_transit_seconds",
                                       "Wagon sealed to applied, recent wagons.",
                                       {{"flow", flow->name()}, {"quantile", "0.5"}})),
        transit_p99_(metrics->NewGauge("srdf_applier_transit_seconds",
                                       "Wagon sealed to applied, recent wagons.",
                                       {{"flow", flow->name()}, {"quantile", "0.99"}})),
        sequence_(metrics->NewGauge("srdf_applier_checkpoint_sequence", "Sequence of the last wagon applied.",
                                    {{"flow", flow->name()}})),
        commit_time_(metrics->NewGauge("srdf_applier_checkpoint_commit_timestamp_seconds",
                                       "Source commit time of the last transaction applied.",
                                       {{"flow", flow->name()}})),
        wagons_(metrics->NewGauge("srdf_applier_wagons", "Wagons applied since the start.",
                                  {{"flow", flow->name()}})),
        transactions_(metrics->NewGauge("srdf_applier_transactions",
                                        "Source transactions applied since the start.",
                                        {{"flow", flow->name()}})),
        rows_(metrics->NewGauge("srdf_applier_rows", "Rows applied since the start.",
                                {{"flow", flow->name()}})),
        retries_(metrics->NewGauge("srdf_applier_retries", "Rounds begun again since the start.",
                                   {{"flow", flow->name()}})),
        skipped_(metrics->NewGauge("srdf_applier_skipped_wagons",
                                   "Wagons that the target lacks on an operator's decision, ever.",
                                   {{"flow", flow->name()}})) {
    metrics->OnScrape([this, flow] { Refresh(flow->GetStatus()); });
  }

 private:
  void Refresh(const ApplierStatus& status) {
    running_.Set(status.state == ApplierState::kRunning ? 1 : 0);
    failed_.Set(status.state == ApplierState::kFailed || status.state == ApplierState::kBlocked ? 1 : 0);
    lag_p50_.Set(static_cast<double>(status.lag_p50_ms) / 1e3);
    lag_p99_.Set(static_cast<double>(status.lag_p99_ms) / 1e3);
    transit_p50_.Set(static_cast<double>(status.transit_p50_ms) / 1e3);
    transit_p99_.Set(static_cast<double>(status.transit_p99_ms) / 1e3);
    sequence_.Set(static_cast<double>(status.checkpoint.sequence));
    commit_time_.Set(static_cast<double>(status.checkpoint_commit_time_ms) / 1e3);
    wagons_.Set(static_cast<double>(status.wagons));
    transactions_.Set(static_cast<double>(status.transactions));
    rows_.Set(static_cast<double>(status.rows));
    retries_.Set(static_cast<double>(status.retries));
    skipped_.Set(static_cast<double>(status.skipped_wagons));
  }

  obs::Gauge running_, failed_, lag_p50_, lag_p99_, transit_p50_, transit_p99_, sequence_, commit_time_,
      wagons_, transactions_, rows_, retries_, skipped_;
};

}  // namespace srdf::applier
