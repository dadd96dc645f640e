// A wagon arrives a second time: the receiver says so, and the target does not notice.
#include <grpcpp/grpcpp.h>

#include "e2e/support/mesh_test.h"
#include "rpc/channel.h"
#include "rpc/security.h"
#include "srdf/receiver/v1/receiver.grpc.pb.h"
#include "srdf/shipper/v1/shipper.grpc.pb.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

constexpr size_t kChunkBytes = 1 << 20;

class DeliveredTwice : public MeshTest {
 protected:
  // A channel to `service`, as `name` of the mesh.
  std::shared_ptr<grpc::Channel> Channel(const std::string& name, const std::string& service) {
    if (securities_.count(name) == 0) {
      const auto config = config::LoadConfig(mesh_->config_path());
      EXPECT_TRUE(config.ok()) << config.status().ToString();
      auto security = rpc::Security::Open(*config, name);
      EXPECT_TRUE(security.ok()) << security.status().ToString();
      securities_[name] = std::move(*security);
    }
    return rpc::NewChannel("127.0.0.1:" + std::to_string(mesh_->grpc_port(service)),
                           securities_[name]->ChannelTo(service));
  }

  struct Frame {
    model::v1::WagonInfo info;
    std::string bytes;
  };

  // A wagon of the outbox that was applied already, with its bytes.
  void ReadWagon(uint64_t sequence, Frame* out) {
    const auto stub = shipper::v1::ShipperService::NewStub(Channel("operator", "shipper"));
    grpc::ClientContext list_context;
    shipper::v1::ListWagonsRequest list;
    list.set_flow("e2e");
    list.set_before_sequence(sequence + 1);
    list.set_limit(1);
    shipper::v1::ListWagonsResponse wagons;
    const grpc::Status listed = stub->ListWagons(&list_context, list, &wagons);
    ASSERT_TRUE(listed.ok()) << listed.error_message();
    ASSERT_EQ(wagons.wagons_size(), 1);
    out->info = wagons.wagons(0);
    ASSERT_EQ(out->info.header().sequence(), sequence);

    grpc::ClientContext context;
    shipper::v1::ReadWagonRequest request;
    request.set_uid(out->info.header().uid());
    const auto reader = stub->ReadWagon(&context, request);
    for (shipper::v1::ReadWagonResponse piece; reader->Read(&piece);) out->bytes += piece.data();
    const grpc::Status read = reader->Finish();
    ASSERT_TRUE(read.ok()) << read.error_message();
    ASSERT_EQ(out->bytes.size(), out->info.frame_bytes());
  }

  // Delivers the frame as a shipper would, and returns the receipt.
  receiver::v1::Receipt Deliver(const Frame& frame) {
    const auto stub = receiver::v1::ReceiverService::NewStub(Channel("shipper", "receiver"));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(30));
    securities_.at("shipper")->ClaimFlow(&context, "e2e");
    const auto stream = stub->Deliver(&context);
    receiver::v1::DeliverRequest request;
    request.mutable_open()->set_protocol_version(1);
    request.mutable_open()->set_flow("e2e");
    request.mutable_open()->set_epoch(frame.info.header().epoch());
    EXPECT_TRUE(stream->Write(request));
    const auto chunks = static_cast<uint32_t>((frame.bytes.size() + kChunkBytes - 1) / kChunkBytes);
    receiver::v1::Receipt receipt = receiver::v1::RECEIPT_UNSPECIFIED;
    for (receiver::v1::DeliverResponse response; stream->Read(&response);) {
      if (response.has_opened() && response.opened().tip_known()) {
        for (uint32_t i = 0; i < chunks; ++i) {
          receiver::v1::DeliverRequest piece;
          piece.mutable_chunk()->set_sequence(frame.info.header().sequence());
          piece.mutable_chunk()->set_wagon_uid(frame.info.header().uid());
          piece.mutable_chunk()->set_wagon_hash(frame.info.hash());
          piece.mutable_chunk()->set_chunk_no(i);
          piece.mutable_chunk()->set_chunk_count(chunks);
          piece.mutable_chunk()->set_data(frame.bytes.substr(i * kChunkBytes, kChunkBytes));
          EXPECT_TRUE(stream->Write(piece));
        }
      }
      if (response.has_receipt() && response.receipt().sequence() == frame.info.header().sequence()) {
        receipt = response.receipt().receipt();
        break;
      }
    }
    context.TryCancel();
    (void)stream->Finish();
    return receipt;
  }

  // A load during which the processes `of` these services die at failpoints, again and again; then what is
  // left without them.
  void RunWithDeaths(const std::string& failpoints, const std::vector<std::string>& of) {
    ASSERT_NO_FATAL_FAILURE(StartServers());
    ASSERT_NO_FATAL_FAILURE(StartMesh({}, {{"SRDF_FAILPOINTS", failpoints}}));
    ASSERT_NO_FATAL_FAILURE(InitShop());
    BackgroundLoad load(Load(8, 50));
    ASSERT_OK(load.Wait().status());
    for (const std::string& service : of) EXPECT_GE(mesh_->Starts(service), 2) << service;
    // Without the failpoints the rest is a matter of seconds.
    ASSERT_OK(mesh_->Down());
    mesh_->SetEnvironment({});
    ASSERT_OK(mesh_->Up());
    ExpectEqual(seconds(60));
    EXPECT_EQ(*target_->Value("SELECT MAX(`sequence`) - MIN(`sequence`) + 1 - COUNT(*) FROM srdf.apply_log"),
              "0");
  }

 private:
  std::map<std::string, std::unique_ptr<rpc::Security>> securities_;
};

TEST_F(DeliveredTwice, WagonIsADuplicateAndChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(StartServers());
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(InitShop());
  ASSERT_OK(loadgen::RunBacklog(Load(0, 0), 50).status());
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());

  // The newest wagon, and one from before: a counter update in it would be seen when applied again.
  const int64_t newest = OutboxNumber("SELECT MAX(sequence) FROM wagon WHERE rows_after > 0");
  for (const int64_t sequence : {newest, newest - 1}) {
    Frame frame;
    ASSERT_NO_FATAL_FAILURE(ReadWagon(static_cast<uint64_t>(sequence), &frame));
    EXPECT_EQ(Deliver(frame), receiver::v1::RECEIPT_DUPLICATE) << "wagon " << sequence;
  }
  const nlohmann::json flow = FlowStatus();
  ASSERT_TRUE(flow.contains("inbox")) << flow.dump(2);
  EXPECT_EQ(flow["inbox"].value("duplicates", 0), 2);

  // The real shipper, whose stream was taken away, comes back and goes on.
  ASSERT_OK(loadgen::RunBacklog(Load(0, 0), 50).status());
  ExpectEqual(seconds(60));
}

TEST_F(DeliveredTwice, DeathBetweenAcceptedAndWrittenDownRepeatsNothing) {
  // Each process dies at its third pass; what it had accepted, stored or applied then is asked about again.
  ASSERT_NO_FATAL_FAILURE(
      RunWithDeaths("shipper.before_mark_acked=crash@3,receiver.after_accept=crash@4,"
                    "batcher.after_store=crash@6,applier.after_commit=crash@5",
                    {"shipper", "receiver"}));
}

// The applier has a wagon that the inbox has not; sometimes the target has it before it is sent again.
TEST_F(DeliveredTwice, DeathBetweenHandedOnAndAcceptedRepeatsNothing) {
  ASSERT_NO_FATAL_FAILURE(RunWithDeaths("receiver.after_hand_on=crash@5", {"receiver"}));
}

}  // namespace
}  // namespace srdf::test
