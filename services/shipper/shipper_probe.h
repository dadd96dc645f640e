// ShipperProbe owns the names of the shipper's metrics; they mirror outbox and link at every scrape.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "base/clock.h"
#include "obs/metrics.h"
#include "shipper/shipper_flow.h"

namespace srdf::shipper {

class ShipperProbe {
 public:
  // `flow` must outlive the last scrape.
  ShipperProbe(obs::Metrics* metrics, ShipperFlow* flow, const std::string& destination)
      : metrics_(metrics), flow_(flow), labels_{{"flow", flow->name()}, {"destination", destination}} {
    metrics->OnScrape([this] { Refresh(); });
  }

 private:
  void Set(const std::string& name, const std::string& help, double value) {
    metrics_->NewGauge("srdf_shipper_" + name, help, labels_).Set(value);
  }

  void Refresh() {
    const LinkStatus link = flow_->link_status();
    Set("link_streaming", "1 while the destination takes wagons.",
        link.state == LinkState::kStreaming ? 1 : 0);
    Set("link_stopped", "1 when an operator is needed.", link.state == LinkState::kStopped ? 1 : 0);
    Set("apply_failed", "1 while the destination cannot apply a wagon.", link.apply_problem.ok() ? 0 : 1);
    Set("link_waiting", "1 while the next wagon waits for its attempt, or for the receiver.",
        link.state == LinkState::kWaiting ? 1 : 0);
    Set("next_attempt_seconds", "Time until the next attempt of what waits; 0: nothing waits.",
        link.next_attempt_at_ms == 0
            ? 0
            : std::max(0.0, static_cast<double>(link.next_attempt_at_ms - WallClockMs()) / 1000));
    for (int value = 1; value <= static_cast<int>(ErrorClass::kFunctional); ++value) {
      obs::Labels labels = labels_;
      labels["class"] = ErrorClassName(static_cast<ErrorClass>(value));
      metrics_
          ->NewGauge("srdf_flow_suspended", "1 while deliveries are suspended for this class of error.",
                     labels)
          .Set(link.suspended_class == static_cast<ErrorClass>(value) ? 1 : 0);
    }
    for (const auto& [what, attempts] : link.attempts) {
      obs::Labels labels = labels_;
      labels["outcome"] = what.first;
      labels["class"] = what.second;
      metrics_->NewGauge("srdf_shipper_attempts", "Attempts that ended since the start.", labels)
          .Set(static_cast<double>(attempts));
    }
    Set("applied_sequence", "Sequence of the last wagon applied.",
        static_cast<double>(link.applied_sequence));
    Set("sent_bytes", "Frame bytes sent since the start.", static_cast<double>(link.bytes_sent));
    Set("sent_early", "Wagons sent before they were in the outbox, since the start.",
        static_cast<double>(link.sent_early));
    Set("duplicate_receipts", "Wagons the destination had already, since the start.",
        static_cast<double>(link.duplicates));
    const SendGate* gate = flow_->send_settings()->gate();
    const FlowSendSettings sending = gate->settings(flow_->name());
    Set("max_bytes_per_second", "Limit of the flow; 0: none.",
        static_cast<double>(sending.max_bytes_per_second));
    Set("priority", "Which flow sends first, 9 before 0.", static_cast<double>(sending.priority));
    Set("line_max_bytes_per_second", "Limit of all flows together; 0: none.",
        static_cast<double>(gate->max_bytes_per_second()));
    Set("send_wait_seconds", "Time that chunks waited for their turn under the limits, since the start.",
        std::chrono::duration<double>(gate->waited(flow_->name())).count());
    if (auto flow = flow_->outbox()->GetFlow(flow_->name()); flow.ok()) {
      Set("unapplied_wagons", "Wagons stored and not yet applied.",
          static_cast<double>(flow->unapplied_wagons));
      Set("unapplied_bytes", "Frame bytes of these.", static_cast<double>(flow->unapplied_bytes));
      Set("stored_sequence", "Sequence of the last wagon stored.", static_cast<double>(flow->tip.sequence));
    }
    if (auto counts = flow_->outbox()->Counts(flow_->name()); counts.ok()) {
      // A status that no wagon has any more says so.
      std::map<std::string, uint64_t> wagons;
      for (int value = 0; value < store::kDeliveryStatusCount; ++value)
        wagons[store::DeliveryStatusName(static_cast<store::DeliveryStatus>(value))] = 0;
      for (const store::StatusCount& count : *counts) wagons[count.status] = count.wagons;
      for (const auto& [status, count] : wagons) {
        obs::Labels labels = labels_;
        labels["status"] = status;
        metrics_->NewGauge("srdf_shipper_wagons", "Wagons in the outbox by delivery status.", labels)
            .Set(static_cast<double>(count));
      }
      Set("dead_letters", "Wagons that are not tried again by themselves.",
          static_cast<double>(wagons["dead_letter"]));
    }
    if (auto skips = flow_->GetSkips(); skips.ok()) {
      Set("open_dead_letters", "Wagons that are not tried again by themselves.",
          static_cast<double>(skips->open_dead_letters));
      Set("skips_unacknowledged", "Wagons that the target lacks, and no operator has taken note of.",
          static_cast<double>(skips->unacknowledged));
    }
    if (auto totals = flow_->outbox()->Totals(flow_->name()); totals.ok()) {
      Set("rows_before_total", "Row changes before compaction, ever.",
          static_cast<double>(totals->rows_before));
      Set("rows_after_total", "Row changes after compaction, ever.", static_cast<double>(totals->rows_after));
      Set("raw_bytes_total", "Payload bytes before compression, ever.",
          static_cast<double>(totals->payload_raw_bytes));
      Set("compressed_bytes_total", "Payload bytes after compression, ever.",
          static_cast<double>(totals->payload_compressed_bytes));
      Set("source_bytes_total", "Bytes of the same transactions in the source's log, ever.",
          static_cast<double>(totals->source_bytes));
    }
  }

  obs::Metrics* const metrics_;
  ShipperFlow* const flow_;
  const obs::Labels labels_;
};

}  // namespace srdf::shipper
