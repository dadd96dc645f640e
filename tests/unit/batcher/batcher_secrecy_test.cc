// What a batcher with encryption says of rows that it cannot make a wagon of: their keys to an operator, and
// nothing of them to its log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "batcher/batcher_flow.h"
#include "crypto/key_ring_file.h"
#include "model/record.h"

namespace srdf::batcher {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class EmptyOutbox : public StoreSession {
 public:
  EmptyOutbox() {
    tip_.hash = ZeroHash();
    tip_.position = {"0-1-1", "bin.000001", 4};
  }
  const ChainTip& tip() const override { return tip_; }
  Status Send(std::string_view, bool) override { return {}; }
  Result<ChainTip> WaitStored() override { return tip_; }
  void Cancel() override {}

 private:
  ChainTip tip_;
};

class EmptyShipper : public ShipperClient {
 public:
  Result<std::unique_ptr<StoreSession>> Open(const std::string&, StoreEvents) override {
    return std::unique_ptr<StoreSession>(std::make_unique<EmptyOutbox>());
  }
};

// A transaction that inserts one key twice, which no source can have done.
std::string ImpossibleTransaction(const std::string& key) {
  TableSchema schema;
  schema.table_ref = 1;
  schema.database = "shop";
  schema.table = "accounts";
  schema.columns.resize(1);
  schema.key_kind = KeyKind::kPrimary;
  schema.key_columns = {0};
  std::string body, records;
  EncodeTableSchema(schema, &body);
  AppendRecord(RecordType::kTableSchema, body, &records);
  body.clear();
  EncodeTransactionBegin({"0-1-2", 1000}, &body);
  AppendRecord(RecordType::kTransactionBegin, body, &records);
  RowRunWriter writer(&records);
  RowRunHeader header;
  header.table_ref = 1;
  header.op = RowOp::kInsert;
  const std::string bitmap = "\x01";
  header.bitmap_after = bitmap;
  writer.Begin(header);
  for (int i = 0; i < 2; ++i) writer.Add({0, key, {}, {}, "image"});
  writer.End();
  body.clear();
  EncodeTransactionEnd({{"0-1-2", "bin.000001", 100}, 500}, &body);
  AppendRecord(RecordType::kTransactionEnd, body, &records);
  return records;
}

TEST(BatcherSecrecy, KeysOfRowsAreShownToAnOperatorAndNotWrittenToTheLog) {
  std::string directory = ::testing::TempDir() + "/srdf-batcher-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  ASSERT_TRUE(crypto::CreateKeyRing(directory + "/keys").ok());
  const auto keys = crypto::KeyRingSource::Open({directory + "/keys", ""});
  ASSERT_TRUE(keys.ok());
  config::FlowConfig config;
  config.name = "shop";
  config.batch_mode = "on_commit";
  EmptyShipper shipper;
  const std::string key = "PLANTED";
  const std::string in_hex = "504c414e544544";

  testing::internal::CaptureStderr();
  BatcherFlow flow(config, directory, keys->get());
  const auto session = std::make_shared<BatcherSession>(
      &flow, SessionEvents{[](const auto&) {}, [](const auto&) {}, [](auto) {}});
  ASSERT_TRUE(session->Begin(&shipper).ok());
  ASSERT_TRUE(session->Append(ImpossibleTransaction(key)).ok());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (flow.GetStatus().problem.ok() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  session->End();
  const std::string log = testing::internal::GetCapturedStderr();
  fs::remove_all(directory);

  EXPECT_THAT(flow.GetStatus().problem.ToString(), HasSubstr(in_hex));
  EXPECT_THAT(log, HasSubstr("wagon_not_sealed"));
  EXPECT_THAT(log, HasSubstr("DATA_LOSS"));
  EXPECT_THAT(log, Not(HasSubstr(in_hex)));
}

}  // namespace
}  // namespace srdf::batcher
