// CopyRecords: rows of a snapshot as the records of a copy, ready to be put into the stream.
//
//   Table(schema)  Range(…) Row Row …  Range(…) Row …  Table(schema) …  Take()
//
// Rows go into runs that are bounded in rows and bytes. Driven by one thread; no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "engine/snapshot.h"
#include "model/mark.h"
#include "model/record.h"
#include "model/schema.h"

namespace srdf::capture {

// Numbers for the schemas of copied rows within one feed, beside those of the reader: the same schema always
// has the same number. Any thread.
class CopyTableRefs {
 public:
  uint32_t RefOf(const TableSchema& schema);

 private:
  static constexpr uint32_t kFirst = 0x80000000;

  std::mutex mu_;
  std::map<std::string, uint32_t> refs_;  // guarded by mu_; by the schema's bytes
};

class CopyRecords : public engine::RowSink {
 public:
  explicit CopyRecords(CopyTableRefs* refs) : refs_(refs), writer_(&runs_) {}

  // Rows are of this table from now on.
  void Table(TableSchema schema);
  // What the rows that follow stand for; its table_ref is filled in.
  void Range(RangeCopy range);
  Status Row(ByteView key, ByteView image) override;
  // The same for a range whose end is known only when its rows are read: it stands before the rows of
  // the table that were added without one.
  void RangeOfRowsBefore(RangeCopy range);

  uint64_t rows() const { return rows_; }
  // So far, since the last Take.
  size_t bytes() const { return out_.size() + runs_.size(); }
  // What is gathered. Go on with Range.
  std::string Take();

 private:
  static constexpr uint32_t kRunRowsMax = 4096;
  static constexpr size_t kRunBytesMax = 256u << 10;

  void Announce();
  void CloseRuns();
  void Append(RangeCopy range);

  CopyTableRefs* const refs_;
  std::string out_;
  std::string runs_;  // not in out_ yet
  RowRunWriter writer_;
  TableSchema schema_;
  bool announced_ = false;  // the schema is in out_
  std::string columns_;     // bitmap of the images
  uint64_t rows_ = 0;
};

}  // namespace srdf::capture
