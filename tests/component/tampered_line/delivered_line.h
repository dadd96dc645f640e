// DeliveredLine: outbox → delivery link → tamperer → receiver → inbox → somebody who applies, all real but
// the databases at the ends, over gRPC.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "component/tampered_line/tamperer.h"
#include "receiver/receiver_service.h"
#include "rpc/security.h"
#include "rpc/server.h"
#include "shipper/delivery_link.h"
#include "unit/receiver/line_fixture.h"

namespace srdf::test {

class DeliveredLine {
 public:
  explicit DeliveredLine(uint64_t seed);
  ~DeliveredLine();

  Tamperer* tamperer() { return tamperer_.get(); }
  receiver::ReceiverFlow* flow() { return flow_; }
  store::Outbox* outbox() { return outbox_.get(); }
  store::Inbox* inbox() { return inbox_.get(); }
  shipper::DeliveryLink* link() { return link_.get(); }

  // The next wagon of the source.
  void Store(size_t payload_bytes);
  // True when all that was stored is applied and both ends know it.
  bool WaitApplied(std::chrono::seconds limit);
  // What was wrong with what reached the applier; empty: every wagon once, in order, chained.
  std::string wrong();
  const ChainTip& stored() const { return stored_; }
  ChainTip applied();

 private:
  void Apply(const std::stop_token& stop);
  void TakeStream(const std::stop_token& stop);
  bool ApplyFrame(const std::string& frame);

  store::TemporaryDirectory directory_;
  std::unique_ptr<store::Outbox> outbox_;
  std::unique_ptr<store::Inbox> inbox_;
  receiver::FlowMap flows_;
  receiver::ReceiverFlow* flow_ = nullptr;
  std::unique_ptr<receiver::ReceiverServiceImpl> service_;
  std::unique_ptr<rpc::Server> receiver_server_;
  std::shared_ptr<grpc::Channel> to_receiver_;
  std::unique_ptr<Tamperer> tamperer_;
  std::unique_ptr<grpc::Server> tamperer_server_;
  std::unique_ptr<rpc::Security> security_;
  std::unique_ptr<shipper::ReceiverClient> client_;
  std::unique_ptr<shipper::DeliveryLink> link_;
  ChainTip stored_;
  uint64_t number_ = 0;

  std::mutex mu_;
  std::condition_variable changed_;
  ChainTip applied_;                     // guarded by mu_
  std::string wrong_;                    // guarded by mu_
  grpc::ClientContext* take_ = nullptr;  // guarded by mu_
  std::jthread applier_;                 // last: uses the others
};

}  // namespace srdf::test
