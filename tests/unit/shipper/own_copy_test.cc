#include "shipper/own_copy.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "unit/receiver/line_fixture.h"

namespace srdf::shipper {
namespace {

using store::kFlow;
using store::Must;

class OwnCopy : public ::testing::Test {
 protected:
  OwnCopy() {
    auto outbox = Open();
    ChainTip start = store::Start();
    start.epoch = receiver::test::kEpoch;
    (void)Must(outbox->Reconcile(kFlow, start));
    const auto wagon = receiver::test::MakeWagon(receiver::test::HeaderAfter(1, start.hash),
                                                 std::string(store::kChunkBytes + 5, 'p'));
    auto writer = Must(outbox->NewWagon(kFlow));
    Must(writer->Append(wagon.frame));
    Must(writer->Commit(wagon.header, wagon.hash));
  }
  std::unique_ptr<store::Outbox> Open() { return Must(store::Outbox::Open(directory_ / "outbox.db")); }
  // With the outbox closed.
  void Alter(const std::string& statement) {
    SQLite::Database db(directory_ / "outbox.db", SQLite::OPEN_READWRITE);
    EXPECT_EQ(db.exec(statement), 1);
  }
  Status Check() {
    const auto outbox = Open();
    return CheckOwnCopy(outbox.get(), kFlow, Must(outbox->List(kFlow, 0, 1)).at(0));
  }

  store::TemporaryDirectory directory_;
};

TEST_F(OwnCopy, IsSoundWhenItIsWhatWasSealed) { EXPECT_OK(Check()); }

TEST_F(OwnCopy, ThatIsDamagedIsNamedAndNotTheLine) {
  Alter(
      "UPDATE wagon_chunk SET data = substr(data, 1, 1000) || x'00' || substr(data, 1002) WHERE chunk_no = "
      "0");
  const Status status = Check();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("outbox.db: its own copy of wagon 1"), std::string::npos);
  EXPECT_FALSE(status.remedy().empty());
}

TEST_F(OwnCopy, ThatLacksAChunkIsAnError) {
  Alter("DELETE FROM wagon_chunk WHERE chunk_no = 1");
  EXPECT_EQ(Check().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace srdf::shipper
