// Sending a wagon before it is in the outbox, and what keeps that safe.
//
// The link's thread waits, with nothing left to send; the thread that stores writes to the stream in its
// stead, then commits the wagon together with its attempt. Until EndEarly the link's thread does not go on,
// and what the destination says of the wagon is put by: so the outbox has the wagon before anything is
// written of it, and nobody else writes to the stream.
#include <utility>

#include "base/clock.h"
#include "codec/crc32.h"
#include "failpoint/failpoint.h"
#include "obs/log.h"
#include "shipper/delivery_link.h"

namespace srdf::shipper {

using std::chrono::steady_clock;

namespace {

// What has no receipt yet may be this much: less than the smallest window of HTTP/2, so that the write does
// not wait for the network, and storing with it.
constexpr uint64_t kEarlyInFlightBytesMax = 32u << 10;

}  // namespace

bool DeliveryLink::MaySendEarly(const WagonHeader& header, uint64_t bytes) const {
  if (present_ == nullptr || present_->idle == nullptr || !sends_early_ || early_) return false;
  const DeliveryStream& stream = *present_;
  if (stored_ || paused_ || hold_ || skips_open_ || stream.go_on) return false;
  if (!stream.ended.ok() || !store_problem_.ok() || status_.state != LinkState::kStreaming) return false;
  const ReceiverState receiver = stream.readiness.state;
  if (receiver == ReceiverState::kBusy || receiver == ReceiverState::kInError) return false;
  if (header.epoch != stream.fed.epoch || header.sequence != stream.fed.sequence + 1 ||
      header.previous_hash != stream.fed.hash) {
    return false;
  }
  return stream.credit_bytes >= bytes && stream.BytesInFlight() + bytes <= kEarlyInFlightBytesMax;
}

std::optional<store::AttemptStart> DeliveryLink::SendEarly(FreshWagon* wagon) {
  const WagonHeader& header = wagon->wagon.header;
  const uint64_t bytes = wagon->frame.size();
  if (bytes == 0 || !outbox_->disk()->Health().takes_wagons) return std::nullopt;
  if (options_.gate != nullptr && options_.gate->Limits(options_.flow)) return std::nullopt;
  DeliverSession* session = nullptr;
  {
    std::lock_guard lock(mu_);
    if (!MaySendEarly(header, bytes)) return std::nullopt;
    early_ = header.sequence;
    session = present_->idle;
    present_->fed = {header.epoch, header.sequence, wagon->wagon.hash};
    present_->credit_bytes -= bytes;
    present_->bytes_sent += bytes;
    present_->in_flight[header.sequence] = {bytes, steady_clock::now(), present_->bytes_sent};
    fresh_.SentEarly(header.sequence);
    status_.bytes_sent += bytes;
    ++status_.sent_early;
  }
  const uint32_t crc32 = codec::Crc32(wagon->frame);
  // False when the stream has ended: the link's thread learns that from the stream.
  session->Send({header.sequence, header.uid, wagon->wagon.hash, 0, 1, std::move(wagon->frame), crc32});
  wagon->frame.clear();
  SRDF_FAILPOINT("shipper.after_early_send");
  return store::AttemptStart{receiver_->address()};
}

void DeliveryLink::EndEarly(const Status& stored) {
  if (stored.ok()) SRDF_FAILPOINT("shipper.before_mark_sent");
  std::unique_lock lock(mu_);
  if (stored.ok()) {
    if (present_->in_flight.count(*early_) != 0) present_->sent.push_back(*early_);
    if (!Noted()) {  // the link's thread would not come by
      stored_ = true;
      changed_.notify_all();
    }
  } else {
    present_->in_flight.erase(*early_);
    WantAgreement("wagon " + std::to_string(*early_) + " was sent and could not be stored");
    if (present_->ended.ok()) {
      present_->ended = Status(StatusCode::kAborted, status_.agreement_wanted.message());
    }
    changed_.notify_all();
  }
  while (!said_of_early_.empty()) {
    const auto said = std::exchange(said_of_early_, {});
    lock.unlock();
    for (const auto& handle : said) handle();
    lock.lock();
  }
  early_.reset();
  early_over_.notify_all();
}

void DeliveryLink::OnceStored(uint64_t sequence, std::function<void()> handle) {
  {
    std::lock_guard lock(mu_);
    if (early_ && sequence >= *early_) return said_of_early_.push_back(std::move(handle));
  }
  handle();
}

void DeliveryLink::WantAgreement(const std::string& why) {
  status_.agreement_wanted =
      Status(StatusCode::kUnavailable,
             why + ": flow " + options_.flow +
                 " waits for the destination to say whether it has a wagon more than the outbox",
             "start the receiver, mend the way to it, end a pause; the source's log keeps the changes "
             "meanwhile. If the destination is gone for long: `srdfctl flow resume " +
                 options_.flow + " --without-agreement`");
  status_.agreement_wanted_since_ms = WallClockMs();
}

Status DeliveryLink::agreement_wanted() const {
  std::lock_guard lock(mu_);
  return status_.agreement_wanted;
}

Result<bool> DeliveryLink::GoOnWithoutAgreement() {
  std::lock_guard order(writes_mu_);
  // The mark belongs to a stream when nothing is wanted.
  if (agreement_wanted().ok()) return false;
  SRDF_RETURN_IF_ERROR(outbox_->SetSendsEarly(options_.flow, false));
  std::lock_guard lock(mu_);
  status_.agreement_wanted = {};
  return true;
}

// Where the mark cannot be written, nothing is sent early.
void DeliveryLink::BeginSendingEarly() {
  std::lock_guard order(writes_mu_);
  const Status marked = outbox_->SetSendsEarly(options_.flow, true);
  std::lock_guard lock(mu_);
  sends_early_ = marked.ok();
}

// On the link's thread after the stream, when nothing is being stored that was sent on it.
void DeliveryLink::EndSendingEarly() {
  std::lock_guard order(writes_mu_);
  {
    std::lock_guard lock(mu_);
    if (!std::exchange(sends_early_, false)) return;
    if (!status_.agreement_wanted.ok() || !store_problem_.ok()) return;
  }
  if (Status s = outbox_->SetSendsEarly(options_.flow, false); !s.ok())
    obs::Error("outbox_write_failed", {{"flow", options_.flow}, {"error", s}});
}

}  // namespace srdf::shipper
