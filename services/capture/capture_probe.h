// CaptureProbe owns the names of capture's metrics; they mirror the flow's status at every scrape.
#pragma once

#include "capture/capture_flow.h"
#include "obs/metrics.h"

namespace srdf::capture {

class CaptureProbe {
 public:
  // `flow` must outlive the last scrape.
  CaptureProbe(obs::Metrics* metrics, CaptureFlow* flow)
      : connected_(metrics->NewGauge("srdf_capture_source_connected", "1 while changes are being read.",
                                     {{"flow", flow->name()}})),
        stopped_(metrics->NewGauge("srdf_capture_stopped", "1 when an operator is needed.",
                                   {{"flow", flow->name()}})),
        behind_(
            metrics->NewGauge("srdf_capture_lag_bytes", "Log bytes not read yet.", {{"flow", flow->name()}})),
        transactions_(metrics->NewGauge("srdf_capture_transactions", "Transactions read since the start.",
                                        {{"flow", flow->name()}})),
        rows_(metrics->NewGauge("srdf_capture_rows", "Row changes read since the start.",
                                {{"flow", flow->name()}})),
        log_bytes_(metrics->NewGauge("srdf_capture_log_bytes", "Log bytes read since the start.",
                                     {{"flow", flow->name()}})),
        reconnects_(metrics->NewGauge("srdf_capture_reconnects", "Streams begun again since the start.",
                                      {{"flow", flow->name()}})) {
    metrics->OnScrape([this, flow] { Refresh(flow->GetStatus()); });
  }

 private:
  void Refresh(const CaptureStatus& status) {
    connected_.Set(status.state == CaptureState::kStreaming ? 1 : 0);
    stopped_.Set(status.state == CaptureState::kStopped || status.state == CaptureState::kBlocked ? 1 : 0);
    behind_.Set(static_cast<double>(status.stats.lag.bytes_behind));
    transactions_.Set(static_cast<double>(status.stats.transactions));
    rows_.Set(static_cast<double>(status.stats.rows));
    log_bytes_.Set(static_cast<double>(status.stats.log_bytes));
    reconnects_.Set(static_cast<double>(status.reconnects));
  }

  obs::Gauge connected_, stopped_, behind_, transactions_, rows_, log_bytes_, reconnects_;
};

}  // namespace srdf::capture
