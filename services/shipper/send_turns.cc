#include "shipper/send_turns.h"

#include <algorithm>
#include <utility>

namespace srdf::shipper {

namespace {

// Eight pieces a second: even enough for a narrow line, few enough to cost nothing.
constexpr uint64_t kPiecesPerSecond = 8;
constexpr uint64_t kPieceBytesMin = 1 << 10;
constexpr uint64_t kPieceBytesMax = 256 << 10;

}  // namespace

void SendTurns::SetFlow(const std::string& flow, const FlowSendSettings& settings, Time now) {
  Flow& entry = flows_[flow];
  entry.settings = settings;
  entry.pace.SetRate(settings.max_bytes_per_second, now);
}

FlowSendSettings SendTurns::settings(const std::string& flow) const {
  const auto found = flows_.find(flow);
  return found == flows_.end() ? FlowSendSettings() : found->second.settings;
}

std::optional<uint64_t> SendTurns::PieceBytes(const std::string& flow) const {
  uint64_t rate = total_.rate();
  if (const uint64_t own = settings(flow).max_bytes_per_second; own != 0) {
    rate = rate == 0 ? own : std::min(rate, own);
  }
  if (rate == 0) return std::nullopt;
  return std::clamp(rate / kPiecesPerSecond, kPieceBytesMin, kPieceBytesMax);
}

void SendTurns::Ask(const std::string& flow, uint64_t bytes) {
  flows_[flow].wanted = std::max<uint64_t>(bytes, 1);
  flows_[flow].asked = ++questions_;
}

void SendTurns::Withdraw(const std::string& flow) { flows_[flow].wanted = 0; }

// Among those whose own limit lets them: the first of the highest priority, or, when the lower ones are owed
// enough for the piece, the first of these.
SendTurns::FlowEntry* SendTurns::Choose(Time now) {
  FlowEntry* top = nullptr;
  for (FlowEntry& entry : flows_) {
    const Flow& flow = entry.second;
    if (flow.wanted == 0 || !flow.pace.Ready(now)) continue;
    const auto rank = [](const Flow& f) { return std::pair(-f.settings.priority, f.asked); };
    if (top == nullptr || rank(flow) < rank(top->second)) top = &entry;
  }
  if (top == nullptr) return nullptr;
  FlowEntry* lower = nullptr;
  for (FlowEntry& entry : flows_) {
    const Flow& flow = entry.second;
    if (flow.wanted == 0 || !flow.pace.Ready(now)) continue;
    if (flow.settings.priority >= top->second.settings.priority) continue;
    if (lower == nullptr || flow.asked < lower->second.asked) lower = &entry;
  }
  if (lower == nullptr) {
    // Nobody is kept waiting by a higher one, so nothing is owed to anybody.
    owed_to_lower_ = 0;
    return top;
  }
  if (owed_to_lower_ >= static_cast<double>(lower->second.wanted)) {
    owed_to_lower_ -= static_cast<double>(lower->second.wanted);
    return lower;
  }
  owed_to_lower_ += static_cast<double>(top->second.wanted) * kLowerShare / (1 - kLowerShare);
  return top;
}

std::optional<std::string> SendTurns::Next(Time now) {
  if (!total_.Ready(now)) return std::nullopt;
  FlowEntry* chosen = Choose(now);
  if (chosen == nullptr) return std::nullopt;
  Flow& flow = chosen->second;
  total_.Spend(flow.wanted, now);
  flow.pace.Spend(flow.wanted, now);
  flow.wanted = 0;
  return chosen->first;
}

std::optional<SendTurns::Time> SendTurns::NextAt(Time now) const {
  std::optional<Time> next;
  for (const auto& [name, flow] : flows_) {
    if (flow.wanted == 0) continue;
    const Time at = std::max(total_.ReadyAt(now), flow.pace.ReadyAt(now));
    if (!next || at < *next) next = at;
  }
  return next;
}

}  // namespace srdf::shipper
