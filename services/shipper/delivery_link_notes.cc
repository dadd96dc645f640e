// What goes well is written down by few transactions: receipts and results of a moment together, and "sent"
// only of wagons whose receipt is not there by then.
//
// Nothing is lost by the wait: the outbox is told of it after the fact in any case, a crash before that
// leaves what a crash between the destination's word and the write has always left, and the next agreement
// mends it.
#include "failpoint/failpoint.h"
#include "obs/log.h"
#include "shipper/delivery_link.h"

namespace srdf::shipper {

using std::chrono::steady_clock;

namespace {

constexpr size_t kNotesMax = 256;

}  // namespace

bool DeliveryLink::Noted() {
  const SteadyTime now = steady_clock::now();
  if (!unwritten_since_) unwritten_since_ = now;
  return now < comes_by_ && notes_.arrived.size() < kNotesMax;
}

Status DeliveryLink::WriteNotes(DeliveryStream* stream) {
  std::lock_guard order(writes_mu_);
  store::DeliveryNotes notes;
  {
    std::lock_guard lock(mu_);
    std::swap(notes, notes_);
    unwritten_since_.reset();
    if (stream != nullptr) {
      for (const uint64_t sequence : stream->sent) {
        const auto flight = stream->in_flight.find(sequence);
        if (flight != stream->in_flight.end()) notes.sent.push_back({sequence, flight->second.bytes_sent});
      }
      stream->sent.clear();
    }
  }
  if (notes.empty()) return {};
  if (notes.applied != 0) SRDF_RETURN_IF_ERROR(SettleSkips(notes.applied));
  SRDF_ASSIGN_OR_RETURN(const auto unknown, outbox_->Note(options_.flow, notes));
  for (const uint64_t sequence : unknown) {
    obs::Warn("receipt_of_unknown_wagon", {{"flow", options_.flow}, {"sequence", sequence}});
  }
  if (!notes.arrived.empty()) SRDF_FAILPOINT("shipper.after_mark_acked");
  if (notes.applied == 0) return {};
  SRDF_FAILPOINT("shipper.after_mark_applied");
  if (events_.on_applied) events_.on_applied(notes.applied);
  return {};
}

Status DeliveryLink::WriteNotesIfDue(DeliveryStream* stream) {
  {
    std::lock_guard lock(mu_);
    const SteadyTime now = steady_clock::now();
    comes_by_ = now + kNoteWait;
    if (!unwritten_since_ || now < *unwritten_since_ + kNoteWait) return {};
  }
  return WriteNotes(stream);
}

std::optional<SteadyTime> DeliveryLink::WaitNoLonger(std::optional<SteadyTime> until) {
  if (!unwritten_since_) {
    comes_by_ = {};
    return until;
  }
  comes_by_ = *unwritten_since_ + kNoteWait;
  return until ? std::min(*until, comes_by_) : comes_by_;
}

}  // namespace srdf::shipper
