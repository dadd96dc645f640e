// SnapshotService over a real gRPC line, with snapshots in memory.
#include "snapshot_service/snapshot_service.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "fake_snapshots.h"
#include "rpc/status_map.h"
#include "verify/table_digest.h"

namespace srdf::snapshot_service {
namespace {

namespace v1 = snapshot::v1;

class SnapshotServiceTest : public ::testing::Test {
 protected:
  SnapshotServiceTest() {
    Add("item", 10'000, true);
    Add("log", 10'000, false);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::SnapshotService::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  }
  ~SnapshotServiceTest() override { server_->Shutdown(); }

  void Add(const std::string& name, int rows, bool with_key) {
    test::FakeTable table;
    table.schema = test::FakeSchema("shop", name, with_key);
    for (int i = 0; i < rows; ++i) {
      table.rows.emplace_back(with_key ? std::to_string(100'000 + i) : "", "row " + std::to_string(i));
    }
    source_.tables[{"shop", name}] = std::move(table);
  }
  Status Open(const std::string& mark) {
    grpc::ClientContext context;
    v1::OpenRequest request;
    request.set_flow("shop");
    request.set_mark(mark);
    v1::OpenResponse response;
    return rpc::FromGrpc(stub_->Open(&context, request, &response));
  }
  template <typename Request>
  static Request For(const std::string& table) {
    Request request;
    request.set_flow("shop");
    request.set_mark("m");
    request.set_database("shop");
    request.set_table(table);
    return request;
  }
  Result<v1::DigestResponse> Digest(const v1::DigestRequest& request) {
    grpc::ClientContext context;
    v1::DigestResponse response;
    const Status status = rpc::FromGrpc(stub_->Digest(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  struct Rows {
    std::vector<v1::RowEntry> rows;
    std::string schema;
    size_t largest_message = 0;
    Status status;
  };
  Rows Read(const v1::ReadRowsRequest& request) {
    grpc::ClientContext context;
    Rows all;
    const auto reader = stub_->ReadRows(&context, request);
    for (v1::ReadRowsResponse response; reader->Read(&response);) {
      all.largest_message = std::max(all.largest_message, response.ByteSizeLong());
      if (!response.schema().empty()) all.schema = response.schema();
      all.rows.insert(all.rows.end(), response.rows().begin(), response.rows().end());
    }
    all.status = rpc::FromGrpc(reader->Finish());
    return all;
  }

  test::FakeSnapshots source_;
  SnapshotServiceImpl service_{&source_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::SnapshotService::Stub> stub_;
};

TEST_F(SnapshotServiceTest, StepsAndTheirBoundariesHaveTheSameDigests) {
  ASSERT_TRUE(Open("m").ok());
  auto request = For<v1::DigestRequest>("item");
  request.mutable_steps()->set_rows_per_step(999);
  const auto steps = Digest(request);
  ASSERT_TRUE(steps.ok()) << steps.status().ToString();
  EXPECT_TRUE(steps->end());
  EXPECT_EQ(steps->parts_size(), 11);
  EXPECT_EQ(steps->schema_digest(), verify::SchemaDigest(source_.tables.at({"shop", "item"}).schema));
  for (const auto& part : steps->parts()) {
    auto* range = request.mutable_boundaries()->add_ranges();
    range->set_after(part.after());
    range->set_until(part.until());
  }
  const auto ranges = Digest(request);
  ASSERT_TRUE(ranges.ok());
  ASSERT_EQ(ranges->parts_size(), 11);
  for (int i = 0; i < 11; ++i) EXPECT_EQ(ranges->parts(i).sum(), steps->parts(i).sum()) << i;
}

TEST_F(SnapshotServiceTest, RowsComeInMessagesOfBoundedSizeWithTheSchemaFirst) {
  ASSERT_TRUE(Open("m").ok());
  auto request = For<v1::ReadRowsRequest>("item");
  request.add_ranges();
  request.set_with_images(true);
  const Rows all = Read(request);
  ASSERT_TRUE(all.status.ok()) << all.status.ToString();
  EXPECT_EQ(all.rows.size(), 10'000u);
  EXPECT_LT(all.largest_message, 1u << 20);
  EXPECT_FALSE(all.schema.empty());
  EXPECT_EQ(all.rows[5].image(), "row 5");
  EXPECT_EQ(all.rows[5].hash(), verify::HashBytes(verify::RowHasher().Hash("row 5")));

  request.clear_ranges();
  const Rows none = Read(request);
  EXPECT_TRUE(none.rows.empty());
  EXPECT_FALSE(none.schema.empty()) << "the schema alone";
}

TEST_F(SnapshotServiceTest, KeysAndBucketsAreReadAlone) {
  ASSERT_TRUE(Open("m").ok());
  auto keys = For<v1::ReadRowsRequest>("item");
  keys.add_keys("100007");
  keys.add_keys("nothing");
  EXPECT_EQ(Read(keys).rows.size(), 1u);

  auto digest = For<v1::DigestRequest>("log");
  digest.set_buckets(64);
  const auto buckets = Digest(digest);
  ASSERT_TRUE(buckets.ok());
  auto request = For<v1::ReadRowsRequest>("log");
  request.set_buckets(64);
  request.add_bucket(3);
  request.add_bucket(60);
  EXPECT_EQ(Read(request).rows.size(), buckets->parts(3).rows() + buckets->parts(60).rows());
}

TEST_F(SnapshotServiceTest, ASnapshotThatIsGoneIsNotFoundAndATableThatIsGoneIsAborted) {
  auto request = For<v1::DigestRequest>("item");
  request.mutable_steps()->set_rows_per_step(10);
  EXPECT_EQ(Digest(request).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(Open("m").ok());
  request.set_table("dropped");
  EXPECT_EQ(Digest(request).status().code(), StatusCode::kAborted);
}

TEST_F(SnapshotServiceTest, BadRequestsAreRefused) {
  EXPECT_EQ(Open("").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Open(std::string(65, 'm')).code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(Open("m").ok());
  auto request = For<v1::DigestRequest>("item");
  EXPECT_EQ(Digest(request).status().code(), StatusCode::kInvalidArgument) << "by nothing";
  request.mutable_steps();
  EXPECT_EQ(Digest(request).status().code(), StatusCode::kInvalidArgument) << "steps of no rows";
  request.set_buckets(70'000);
  EXPECT_EQ(Digest(request).status().code(), StatusCode::kInvalidArgument);
  auto keyless = For<v1::DigestRequest>("log");
  keyless.mutable_steps()->set_rows_per_step(10);
  EXPECT_EQ(Digest(keyless).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SnapshotServiceTest, ACallThatItsClientGivesUpEndsAndTheSnapshotIsFreeAgain) {
  ASSERT_TRUE(Open("m").ok());
  auto slow = For<v1::DigestRequest>("item");
  slow.mutable_steps()->set_rows_per_step(10);
  slow.set_rows_per_second_max(10);  // a quarter of an hour
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  v1::DigestResponse response;
  EXPECT_EQ(stub_->Digest(&context, slow, &response).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  auto request = For<v1::DigestRequest>("item");
  request.mutable_steps()->set_rows_per_step(1000);
  EXPECT_TRUE(Digest(request).ok());
}

TEST_F(SnapshotServiceTest, TablesAreListedWithoutAMarkToo) {
  grpc::ClientContext context;
  v1::ListTablesRequest request;
  request.set_flow("shop");
  v1::ListTablesResponse response;
  ASSERT_TRUE(stub_->ListTables(&context, request, &response).ok());
  EXPECT_EQ(response.tables_size(), 2);
  EXPECT_EQ(source_.alive, 0);
}

}  // namespace
}  // namespace srdf::snapshot_service
