#include "compaction/run_emitter.h"

namespace srdf::compaction {

namespace {
constexpr size_t kRunBytesMax = 256u << 10;
constexpr uint32_t kRunRowsMax = 4096;
constexpr size_t kSinkBytesMax = 1u << 20;
constexpr size_t kBufferKeptBytesMax = 4u << 20;
}  // namespace

Status RunEmitter::AddRecord(RecordType type, ByteView body) {
  SRDF_RETURN_IF_ERROR(EndRun());
  AppendRecord(type, body, &out_);
  return Flush(kSinkBytesMax - kRunBytesMax);
}

Status RunEmitter::Select(const RowRunHeader& header) {
  if (run_.open() && header_ == header) return Status::Ok();
  SRDF_RETURN_IF_ERROR(EndRun());
  header_ = header;
  return Status::Ok();
}

Status RunEmitter::AddRow(uint8_t row_flags, ByteView before, ByteView after) {
  const bool full = run_.open() && (run_.row_count() >= kRunRowsMax ||
                                    run_.run_bytes() + before.size() + after.size() > kRunBytesMax);
  if (full) SRDF_RETURN_IF_ERROR(EndRun());
  if (!run_.open()) run_.Begin(header_);
  run_.Add(Row{row_flags, {}, {}, before, after});
  return Status::Ok();
}

Status RunEmitter::Finish() {
  SRDF_RETURN_IF_ERROR(EndRun());
  return Flush(1);
}

Status RunEmitter::EndRun() {
  if (!run_.open()) return Status::Ok();
  run_.End();
  return Flush(kSinkBytesMax - kRunBytesMax);
}

Status RunEmitter::Flush(size_t bytes_min) {
  if (out_.size() < bytes_min) return Status::Ok();
  SRDF_RETURN_IF_ERROR(sink_(out_));
  out_.clear();
  if (out_.capacity() > kBufferKeptBytesMax) out_.shrink_to_fit();  // one large row need not stay
  return Status::Ok();
}

}  // namespace srdf::compaction
