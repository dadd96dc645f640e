// SendTurns: which flow of a shipper may send its next piece, and when.
//
// Every flow may have a limit of its own, and all together one: the line's. While the line's limit is what
// holds them back, the flows that want to send take turns: the highest priority first, flows of one priority
// one after the other. So that none starves, the lower ones together get kLowerShare of the bytes, whoever of
// them has waited longest. What the higher ones do not use is the lower ones'. Without a limit for all,
// priorities have nothing to divide: everybody sends as its own limit allows.
//
// Example: line 1 MB/s, flows A (priority 7), B and C (5), all with a backlog: A gets 950 KB/s, B and C 25
// KB/s each.
//
// Pure: no clock, no waiting (send_gate.h does both). Thread rules: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "shipper/send_pace.h"

namespace srdf::shipper {

struct FlowSendSettings {
  uint64_t max_bytes_per_second = 0;  // 0: none
  int64_t priority = 5;               // 0 to 9, 9 first
};

class SendTurns {
 public:
  using Time = SendPace::Time;
  static constexpr double kLowerShare = 0.05;

  void SetTotal(uint64_t bytes_per_second, Time now) { total_.SetRate(bytes_per_second, now); }
  void SetFlow(const std::string& flow, const FlowSendSettings& settings, Time now);
  FlowSendSettings settings(const std::string& flow) const;

  // The largest piece that this flow should ask for at once; nothing: no limit holds for it.
  std::optional<uint64_t> PieceBytes(const std::string& flow) const;

  // The flow wants to send a piece; one at a time.
  void Ask(const std::string& flow, uint64_t bytes);
  void Withdraw(const std::string& flow);
  // The flow whose turn it is now, if any; its piece counts as sent.
  std::optional<std::string> Next(Time now);
  // When it is worth to ask for Next again; nothing: nobody waits.
  std::optional<Time> NextAt(Time now) const;

 private:
  struct Flow {
    FlowSendSettings settings;
    SendPace pace;
    uint64_t wanted = 0;  // bytes; 0: it does not wait
    uint64_t asked = 0;   // number of the question, for the order
  };
  using FlowEntry = std::map<std::string, Flow>::value_type;

  FlowEntry* Choose(Time now);

  SendPace total_;
  std::map<std::string, Flow> flows_;
  uint64_t questions_ = 0;
  double owed_to_lower_ = 0;  // bytes
};

}  // namespace srdf::shipper
