#include "shipper/send_gate.h"

#include <algorithm>

namespace srdf::shipper {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{100};

}  // namespace

SendGate::SendGate(uint64_t max_bytes_per_second) : max_bytes_per_second_(max_bytes_per_second) {
  turns_.SetTotal(max_bytes_per_second, Clock::now());
}

void SendGate::SetFlow(const std::string& flow, const FlowSendSettings& settings) {
  std::lock_guard lock(mu_);
  turns_.SetFlow(flow, settings, Clock::now());
  changed_.notify_all();
}

bool SendGate::Limits(const std::string& flow) const {
  std::lock_guard lock(mu_);
  return turns_.PieceBytes(flow).has_value();
}

FlowSendSettings SendGate::settings(const std::string& flow) const {
  std::lock_guard lock(mu_);
  return turns_.settings(flow);
}

std::chrono::milliseconds SendGate::waited(const std::string& flow) const {
  std::lock_guard lock(mu_);
  const auto found = waited_.find(flow);
  if (found == waited_.end()) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(found->second);
}

bool SendGate::Send(const std::string& flow, DeliverSession* session, ChunkToSend chunk,
                    const std::function<bool()>& given_up) {
  const std::string data = std::move(chunk.data);
  size_t sent = 0;
  do {
    std::optional<uint64_t> piece;
    {
      std::lock_guard lock(mu_);
      piece = turns_.PieceBytes(flow);
    }
    const size_t bytes = std::min<size_t>(data.size() - sent, piece.value_or(data.size()));
    if (piece && !TakeTurn(flow, bytes, given_up)) return false;
    chunk.data = data.substr(sent, bytes);
    sent += bytes;
    chunk.continues = sent < data.size();
    if (!session->Send(chunk)) return false;
  } while (sent < data.size());
  return true;
}

bool SendGate::TakeTurn(const std::string& flow, uint64_t bytes, const std::function<bool()>& given_up) {
  const auto begin = Clock::now();
  std::unique_lock lock(mu_);
  turns_.Ask(flow, bytes);
  for (;;) {
    const auto now = Clock::now();
    bool others = false;
    while (const auto next = turns_.Next(now)) {
      granted_.insert(*next);
      others = others || *next != flow;
    }
    if (others) changed_.notify_all();
    if (granted_.erase(flow) != 0) {
      waited_[flow] += now - begin;
      return true;
    }
    lock.unlock();
    const bool over = given_up();
    lock.lock();
    if (over) {
      turns_.Withdraw(flow);
      granted_.erase(flow);
      waited_[flow] += now - begin;
      return false;
    }
    // The turn may have come while nobody held the lock.
    if (granted_.count(flow) != 0) continue;
    changed_.wait_until(lock, std::min(turns_.NextAt(now).value_or(now + kLookEvery), now + kLookEvery));
  }
}

}  // namespace srdf::shipper
