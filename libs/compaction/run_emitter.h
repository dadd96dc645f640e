// RunEmitter: rows in their final order → run records of moderate size → the sink, about a MiB at a time.
//
// Neighbouring rows with the same table, operation, flags and bitmaps share a run, up to 256 KiB or 4096
// rows, so that neither a reader nor an engine's event has to be large. Keys are left out. One thread.
#pragma once

#include <string>

#include "base/status.h"
#include "compaction/compactor.h"
#include "model/record.h"

namespace srdf::compaction {

class RunEmitter {
 public:
  explicit RunEmitter(const RecordSink& sink) : sink_(sink) {}
  // A record of its own.
  Status AddRecord(RecordType type, ByteView body);
  // What the next rows are. The header's views must live until other rows are selected or Finish.
  Status Select(const RowRunHeader& header);
  Status AddRow(uint8_t row_flags, ByteView before, ByteView after);
  // Hands over everything that is left.
  Status Finish();

 private:
  Status EndRun();
  Status Flush(size_t bytes_min);

  const RecordSink& sink_;
  std::string out_;
  RowRunWriter run_{&out_};
  RowRunHeader header_;
};

}  // namespace srdf::compaction
