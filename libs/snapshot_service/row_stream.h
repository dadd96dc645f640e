// RowStream: the rows that a ReadRows call wants, as messages of bounded size.
//
// One call, on its thread. Memory is one message.
#pragma once

#include <functional>
#include <vector>

#include "base/status.h"
#include "engine/snapshot.h"
#include "srdf/snapshot/v1/snapshot.pb.h"
#include "verify/row_digest.h"
#include "verify/table_digest.h"

namespace srdf::snapshot_service {

class RowStream {
 public:
  // False when the client is gone.
  using Write = std::function<bool(const snapshot::v1::ReadRowsResponse&)>;

  // All of them outlive the stream.
  RowStream(const snapshot::v1::ReadRowsRequest* request, const verify::Pace* pace, Write write);

  // Reads and writes all that is asked for, the schema first. kCancelled when the client is gone.
  Status Run(engine::Snapshot* snapshot, const TableSchema& schema);

 private:
  class Sink;
  Status Flush();
  Status Add(ByteView key, ByteView image);
  bool Full() const { return request_->rows_max() != 0 && rows_ >= request_->rows_max(); }

  const snapshot::v1::ReadRowsRequest* const request_;
  const Write write_;
  verify::PaceKeeper keeper_;
  verify::RowHasher hasher_;
  std::vector<bool> wanted_buckets_;
  snapshot::v1::ReadRowsResponse message_;
  size_t message_bytes_ = 0;
  uint64_t rows_ = 0;    // written
  uint64_t passed_ = 0;  // by the pass over the buckets
};

}  // namespace srdf::snapshot_service
