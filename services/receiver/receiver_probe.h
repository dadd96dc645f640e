// ReceiverProbe owns the names of the receiver's metrics; they mirror the inbox at every scrape.
#pragma once

#include "obs/metrics.h"
#include "receiver/receiver_flow.h"

namespace srdf::receiver {

class ReceiverProbe {
 public:
  // `flow` must outlive the last scrape.
  ReceiverProbe(obs::Metrics* metrics, ReceiverFlow* flow)
      : metrics_(metrics),
        unapplied_wagons_(metrics->NewGauge("srdf_receiver_unapplied_wagons",
                                            "Wagons accepted and not yet applied.",
                                            {{"flow", flow->name()}})),
        unapplied_bytes_(metrics->NewGauge("srdf_receiver_unapplied_bytes", "Frame bytes of these.",
                                           {{"flow", flow->name()}})),
        accepted_sequence_(metrics->NewGauge("srdf_receiver_accepted_sequence",
                                             "Sequence of the last wagon accepted.",
                                             {{"flow", flow->name()}})),
        duplicates_(metrics->NewGauge("srdf_receiver_duplicates", "Wagons received again since the start.",
                                      {{"flow", flow->name()}})),
        rejected_(metrics->NewGauge("srdf_receiver_rejected", "Wagons rejected since the start.",
                                    {{"flow", flow->name()}})),
        invalid_(metrics->NewGauge("srdf_receiver_invalid", "Wagons with a broken frame since the start.",
                                   {{"flow", flow->name()}})),
        connected_(metrics->NewGauge("srdf_receiver_shipper_connected", "1 while a shipper delivers.",
                                     {{"flow", flow->name()}})) {
    metrics->OnScrape([this, flow] { Refresh(flow); });
  }

 private:
  void Refresh(ReceiverFlow* flow) {
    flow->BringUpToDate();
    if (auto state = flow->inbox()->GetFlow(flow->name()); state.ok()) {
      unapplied_wagons_.Set(static_cast<double>(state->unapplied_wagons));
      unapplied_bytes_.Set(static_cast<double>(state->unapplied_bytes));
      accepted_sequence_.Set(static_cast<double>(state->tip.sequence));
    }
    const ReceiptCounts counts = flow->GetCounts();
    duplicates_.Set(static_cast<double>(CountOf(counts, ReceiptKind::kDuplicate)));
    rejected_.Set(static_cast<double>(CountOf(counts, ReceiptKind::kRejected)));
    invalid_.Set(static_cast<double>(CountOf(counts, ReceiptKind::kInvalidPayload)));
    for (const auto& [key, count] : counts) {
      metrics_
          ->NewGauge("srdf_receiver_receipts", "Receipts said since the start.",
                     {{"flow", flow->name()},
                      {"receipt", ReceiptKindName(key.first)},
                      {"reason", ReceiptReasonName(key.second)}})
          .Set(static_cast<double>(count));
    }
    const ReceiverState state = flow->GetReadiness().state;
    for (const ReceiverState each : {ReceiverState::kAvailable, ReceiverState::kRunning, ReceiverState::kBusy,
                                     ReceiverState::kInError}) {
      metrics_
          ->NewGauge("srdf_receiver_readiness", "1 for the state that shippers are told.",
                     {{"flow", flow->name()}, {"state", ReceiverStateName(each)}})
          .Set(each == state ? 1 : 0);
    }
    connected_.Set(flow->shipper_connected() ? 1 : 0);
  }

  obs::Metrics* const metrics_;
  obs::Gauge unapplied_wagons_, unapplied_bytes_, accepted_sequence_, duplicates_, rejected_, invalid_,
      connected_;
};

}  // namespace srdf::receiver
