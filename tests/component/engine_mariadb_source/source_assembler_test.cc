// Groups that a server writes only when it dies at the wrong moment: events given by hand, a real server
// behind the catalogue.
#include "engine_mariadb/transaction_assembler.h"
#include "source_fixture.h"
#include "unit/engine_mariadb_source/sample_events.h"

namespace srdf::test {
namespace {

using engine_mariadb::Catalogue;
using engine_mariadb::EventType;
using engine_mariadb::EventView;
using engine_mariadb::GtidPosition;
using engine_mariadb::TransactionAssembler;

class AssemblerTest : public SourceTest {
 protected:
  void SetUp() override {
    SourceTest::SetUp();
    catalogue_ = std::make_unique<Catalogue>(server().Endpoint());
    const auto end = GtidPosition::Parse(LogEnd());
    ASSERT_TRUE(catalogue_->Start(*end).ok());
    assembler_ = std::make_unique<TransactionAssembler>(SourcePosition{}, *end, catalogue_.get(), false);
  }
  // The sample without its checksum.
  Status Give(std::string_view hex) {
    std::string bytes = FromHex(hex);
    auto view = engine_mariadb::DecodeEvent(bytes);
    EXPECT_TRUE(view.ok());
    view->body.remove_suffix(4);
    return assembler_->Handle(*view);
  }
  Status GiveGtid(uint64_t sequence, uint8_t flags = engine_mariadb::kGtidTransactional) {
    std::string body;
    ByteWriter w(&body);
    w.U64(sequence);
    w.U32(0);
    w.U8(flags);
    return Give(EventType::kGtid, body);
  }
  Status Give(EventType type, std::string_view body) {
    EventView view;
    view.header.type = static_cast<uint8_t>(type);
    view.header.server_id = 11;
    view.header.length = static_cast<uint32_t>(body.size() + 19);
    view.body = body;
    return assembler_->Handle(view);
  }
  Status GiveXid() { return Give(EventType::kXid, std::string(8, '\0')); }

  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<TransactionAssembler> assembler_;
};

TEST_F(AssemblerTest, AGroupCutOffByTheEndOfItsFileIsDropped) {
  ASSERT_TRUE(GiveGtid(5).ok());
  ASSERT_TRUE(Give(kTableMapEvent).ok());
  ASSERT_TRUE(Give(kWriteRowsEvent).ok());
  ASSERT_TRUE(Give(kFormatEvent).ok());  // the server began a new file
  EXPECT_TRUE(assembler_->buffer().empty());
  // The same number again, with its schema again.
  ASSERT_TRUE(GiveGtid(5).ok());
  ASSERT_TRUE(Give(kTableMapEvent).ok());
  ASSERT_TRUE(Give(kWriteRowsEvent).ok());
  ASSERT_TRUE(GiveXid().ok());
  StreamRecorder recorder;
  const Status status = recorder.Consume(assembler_->buffer(), true);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(recorder.transactions().size(), 1u);
  EXPECT_EQ(recorder.transactions()[0].gtid, "0-11-5");
  EXPECT_EQ(recorder.transactions()[0].rows.size(), 2u);
}

TEST_F(AssemblerTest, AGroupThatWasPartlyHandedOnIsReadAgain) {
  ASSERT_TRUE(GiveGtid(5).ok());
  ASSERT_TRUE(Give(kTableMapEvent).ok());
  ASSERT_TRUE(Give(kWriteRowsEvent).ok());
  assembler_->CloseRun();
  assembler_->Drop(assembler_->buffer().size());
  EXPECT_EQ(Give(kFormatEvent).code(), StatusCode::kUnavailable);
}

TEST_F(AssemblerTest, EventsOutsideOfAGroupAreRefused) {
  EXPECT_EQ(Give(kTableMapEvent).code(), StatusCode::kDataLoss);
  EXPECT_EQ(Give(kWriteRowsEvent).code(), StatusCode::kDataLoss);
  EXPECT_EQ(Give(kQueryEvent).code(), StatusCode::kDataLoss);
  EXPECT_EQ(GiveXid().code(), StatusCode::kDataLoss);
}

TEST_F(AssemblerTest, RowsWithoutATableMapAreRefused) {
  ASSERT_TRUE(GiveGtid(5).ok());
  const Status status = Give(kWriteRowsEvent);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("transaction 0-11-5"), std::string::npos) << status.ToString();
}

TEST_F(AssemblerTest, AnUnknownEventStopsTheFlowWhereverItStands) {
  ASSERT_TRUE(GiveGtid(5).ok());
  const Status status = Give(static_cast<EventType>(172), "x");
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_NE(status.message().find("type 172"), std::string::npos);
  EXPECT_FALSE(status.remedy().empty());
}

std::string Query(const std::string& text) { return std::string(13, '\0') + std::string(1, '\0') + text; }

TEST_F(AssemblerTest, ARollbackDropsTheRowsAndMovesThePosition) {
  ASSERT_TRUE(GiveGtid(5).ok());
  ASSERT_TRUE(Give(kTableMapEvent).ok());
  ASSERT_TRUE(Give(kWriteRowsEvent).ok());
  ASSERT_TRUE(Give(EventType::kQuery, Query("ROLLBACK")).ok());
  EXPECT_EQ(assembler_->counters().rows, 0u);
  // The schema went with the rows, and comes again.
  ASSERT_TRUE(GiveGtid(6).ok());
  ASSERT_TRUE(Give(kTableMapEvent).ok());
  ASSERT_TRUE(Give(kWriteRowsEvent).ok());
  ASSERT_TRUE(GiveXid().ok());
  StreamRecorder recorder;
  const Status status = recorder.Consume(assembler_->buffer(), true);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(recorder.transactions().size(), 2u);
  EXPECT_EQ(recorder.transactions()[0].end.gtid, "0-11-5");
  EXPECT_TRUE(recorder.transactions()[0].rows.empty());
  EXPECT_EQ(recorder.transactions()[1].rows.size(), 2u);
}

TEST_F(AssemblerTest, ARollbackOfRowsThatWereHandedOnIsRefused) {
  ASSERT_TRUE(GiveGtid(5).ok());
  ASSERT_TRUE(Give(kTableMapEvent).ok());
  ASSERT_TRUE(Give(kWriteRowsEvent).ok());
  assembler_->CloseRun();
  assembler_->Drop(assembler_->buffer().size());
  // What follows the savepoint is still here.
  ASSERT_TRUE(Give(EventType::kQuery, Query("SAVEPOINT `S`")).ok());
  ASSERT_TRUE(Give(kTableMapEvent).ok());
  ASSERT_TRUE(Give(kWriteRowsEvent).ok());
  ASSERT_TRUE(Give(EventType::kQuery, Query("ROLLBACK TO `s`")).ok());
  EXPECT_EQ(assembler_->counters().rows, 2u);
  const Status status = Give(EventType::kQuery, Query("ROLLBACK"));
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("handed on"), std::string::npos) << status.ToString();
  EXPECT_FALSE(status.remedy().empty());
}

TEST_F(AssemblerTest, ARollbackToASavepointThatIsNotThereIsRefused) {
  ASSERT_TRUE(GiveGtid(5).ok());
  ASSERT_TRUE(Give(kTableMapEvent).ok());
  ASSERT_TRUE(Give(kWriteRowsEvent).ok());
  EXPECT_EQ(Give(EventType::kQuery, Query("ROLLBACK TO `s`")).code(), StatusCode::kFailedPrecondition);
}

TEST_F(AssemblerTest, AStatementWithContextOfAnUnknownKindStopsTheFlow) {
  const auto with_variable = [](const std::string& text) {
    std::string query(13, '\0');
    query[11] = 2;  // bytes of status variables
    return query + "\xc8\x01" + std::string(1, '\0') + text;
  };
  ASSERT_TRUE(GiveGtid(5).ok());
  EXPECT_TRUE(Give(EventType::kQuery, with_variable("SAVEPOINT s")).ok());
  const Status status = Give(EventType::kQuery, with_variable("CREATE TABLE x (a INT)"));
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_NE(status.message().find("code, 200: CREATE TABLE x"), std::string::npos) << status.ToString();
  EXPECT_NE(status.message().find("transaction 0-11-5"), std::string::npos) << status.ToString();
  EXPECT_FALSE(status.remedy().empty());
}

}  // namespace
}  // namespace srdf::test
