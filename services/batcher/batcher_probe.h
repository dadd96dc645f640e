// BatcherProbe owns the names of the batcher's metrics; they mirror the flow's status at every scrape.
#pragma once

#include "batcher/batcher_flow.h"
#include "obs/metrics.h"

namespace srdf::batcher {

class BatcherProbe {
 public:
  // `flow` must outlive the last scrape.
  BatcherProbe(obs::Metrics* metrics, BatcherFlow* flow)
      : window_rows_(metrics->NewGauge("srdf_batcher_window_rows", "Row changes in the open window.",
                                       {{"flow", flow->name()}})),
        window_bytes_(metrics->NewGauge("srdf_batcher_window_bytes", "Bytes held by the open window.",
                                        {{"flow", flow->name()}})),
        window_transactions_(metrics->NewGauge("srdf_batcher_window_transactions",
                                               "Transactions in the open window.", {{"flow", flow->name()}})),
        wagons_(metrics->NewGauge("srdf_batcher_wagons_sealed", "Wagons sealed since the start.",
                                  {{"flow", flow->name()}})),
        rows_before_(metrics->NewGauge("srdf_batcher_rows_before",
                                       "Row changes before compaction since the start.",
                                       {{"flow", flow->name()}})),
        rows_after_(metrics->NewGauge("srdf_batcher_rows_after",
                                      "Row changes after compaction since the start.",
                                      {{"flow", flow->name()}})),
        connected_(metrics->NewGauge("srdf_batcher_capture_connected", "1 while capture feeds the flow.",
                                     {{"flow", flow->name()}})),
        metrics_(metrics),
        labels_{{"flow", flow->name()}} {
    metrics->OnScrape([this, flow] { Refresh(flow->GetStatus()); });
  }

 private:
  void Refresh(const BatcherStatus& status) {
    window_rows_.Set(static_cast<double>(status.window.open.rows));
    window_bytes_.Set(static_cast<double>(status.window.open.bytes));
    window_transactions_.Set(static_cast<double>(status.window.open.transactions));
    wagons_.Set(static_cast<double>(status.wagons_sealed));
    rows_before_.Set(static_cast<double>(status.rows_before));
    rows_after_.Set(static_cast<double>(status.rows_after));
    connected_.Set(status.capture_connected ? 1 : 0);
    const MergeCounts& merges = status.merges;
    SetMerge("merges", "Merges of wagons that could not be sent, since the start.", merges.merges);
    SetMerge("merge_wagons_before", "Wagons that were merged by them.", merges.wagons_before);
    SetMerge("merge_wagons_after", "Wagons that these became.", merges.wagons_after);
    SetMerge("merge_bytes_before", "Frame bytes of the wagons that were merged.", merges.frame_bytes_before);
    SetMerge("merge_bytes_after", "Frame bytes of what they became.", merges.frame_bytes_after);
  }
  void SetMerge(const std::string& name, const std::string& help, uint64_t value) {
    metrics_->NewGauge("srdf_outage_" + name, help, labels_).Set(static_cast<double>(value));
  }

  obs::Gauge window_rows_, window_bytes_, window_transactions_, wagons_, rows_before_, rows_after_,
      connected_;
  obs::Metrics* const metrics_;
  const obs::Labels labels_;
};

}  // namespace srdf::batcher
