// LoopCall: an event that calls a function.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "rpc/stream_loop.h"

namespace srdf::rpc {

class LoopCall final : public LoopEvent {
 public:
  explicit LoopCall(std::function<void(bool ok)> function) : function_(std::move(function)) {}
  void OnEvent(bool ok) override { function_(ok); }

 private:
  const std::function<void(bool ok)> function_;
};

// A message of this size is work: meanwhile another thread looks after the other streams.
inline constexpr size_t kBigMessageBytes = 64u << 10;

template <typename Message>
bool HandleMessage(Message& message, const std::function<bool(Message&)>& handle) {
  std::optional<BlockingSection> section;
  if (message.ByteSizeLong() >= kBigMessageBytes) section.emplace();
  return handle(message);
}

}  // namespace srdf::rpc
