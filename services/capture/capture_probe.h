// CaptureProbe owns the names of capture's metrics; they mirror the flow's status at every scrape.
#pragma once

#include "capture/capture_flow.h"
#include "capture/copy_desk.h"
#include "obs/metrics.h"

namespace srdf::capture {

class CaptureProbe {
 public:
  // `flow` and `desk` must outlive the last scrape.
  CaptureProbe(obs::Metrics* metrics, CaptureFlow* flow, CopyDesk* desk)
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
                                      {{"flow", flow->name()}})),
        copy_active_(metrics->NewGauge("srdf_copy_active", "1 while tables are being copied.",
                                       {{"flow", flow->name()}})),
        copy_waiting_(metrics->NewGauge("srdf_copy_waiting",
                                        "1 while a copy goes on and nothing is read for it.",
                                        {{"flow", flow->name()}})),
        copy_rows_(metrics->NewGauge("srdf_copy_rows", "Rows copied by the copy that goes on.",
                                     {{"flow", flow->name()}})),
        copy_rows_estimate_(metrics->NewGauge("srdf_copy_rows_estimate", "Rows of its tables, about.",
                                              {{"flow", flow->name()}})),
        copy_bytes_(metrics->NewGauge("srdf_copy_bytes", "Bytes of row images copied by it.",
                                      {{"flow", flow->name()}})),
        copy_bytes_estimate_(metrics->NewGauge("srdf_copy_bytes_estimate",
                                               "Bytes of its tables at the source, about.",
                                               {{"flow", flow->name()}})),
        copy_tables_left_(metrics->NewGauge("srdf_copy_tables_left", "Tables that it has not finished.",
                                            {{"flow", flow->name()}})) {
    metrics->OnScrape([this, flow, desk] {
      Refresh(flow->GetStatus());
      Refresh(desk->Report());
    });
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

  void Refresh(const CopyReport& report) {
    const CopyState copy = report.copy.value_or(CopyState());
    copy_active_.Set(report.copy ? 1 : 0);
    copy_waiting_.Set(report.copy && !report.work.waits_for.empty() ? 1 : 0);
    copy_rows_.Set(static_cast<double>(copy.rows));
    copy_rows_estimate_.Set(static_cast<double>(copy.rows_estimate));
    copy_bytes_.Set(static_cast<double>(copy.bytes));
    copy_bytes_estimate_.Set(static_cast<double>(copy.bytes_estimate));
    copy_tables_left_.Set(static_cast<double>(copy.tables.size()));
  }

  obs::Gauge connected_, stopped_, behind_, transactions_, rows_, log_bytes_, reconnects_;
  obs::Gauge copy_active_, copy_waiting_, copy_rows_, copy_rows_estimate_, copy_bytes_, copy_bytes_estimate_,
      copy_tables_left_;
};

}  // namespace srdf::capture
