// SendGate: lets the chunks of all flows of a shipper out, as limits and priorities allow.
//
// A link hands its chunk to Send, which blocks until the chunk is sent: at once when no limit holds, else in
// pieces, each when its turn has come (send_turns.h), so that a narrow limit makes a narrow, even stream and
// not a burst per chunk. A changed limit or priority holds from the next piece on, and for those that wait
// already.
//
// Thread rules: all methods from any thread; one Send per flow at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "shipper/receiver_client.h"
#include "shipper/send_turns.h"

namespace srdf::shipper {

class SendGate {
 public:
  // Bytes per second of all flows together; 0: no limit.
  explicit SendGate(uint64_t max_bytes_per_second);

  void SetFlow(const std::string& flow, const FlowSendSettings& settings);
  // Whether a limit may hold a chunk of this flow back.
  bool Limits(const std::string& flow) const;
  FlowSendSettings settings(const std::string& flow) const;
  uint64_t max_bytes_per_second() const { return max_bytes_per_second_; }
  // How long chunks of the flow have waited for their turns, ever.
  std::chrono::milliseconds waited(const std::string& flow) const;

  // False when the stream has ended, or `given_up` says so; that is asked about every tenth of a second while
  // the chunk waits, from the calling thread, and may lock what it likes but this gate.
  bool Send(const std::string& flow, DeliverSession* session, ChunkToSend chunk,
            const std::function<bool()>& given_up);

 private:
  // Waits for the turn of so many bytes.
  bool TakeTurn(const std::string& flow, uint64_t bytes, const std::function<bool()>& given_up);

  const uint64_t max_bytes_per_second_;
  mutable std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_
  SendTurns turns_;
  std::set<std::string> granted_;  // flows whose piece may leave
  std::map<std::string, std::chrono::steady_clock::duration> waited_;
};

}  // namespace srdf::shipper
