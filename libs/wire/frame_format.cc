#include "wire/frame_format.h"

#include <memory>

#include "base/bytes.h"
#include "wire/header_convert.h"
#include "wire/wagon_frame.h"

namespace srdf::wire {

namespace {

Status Broken(const std::string& what) { return {StatusCode::kDataLoss, "wagon frame: " + what}; }

// A message of this thread, empty: its strings and messages keep their memory, and a small wagon's header is
// read or written without asking for any. One of many tables, or of a large copy, is let go.
class ScratchHeader {
 public:
  ScratchHeader() : header_(Kept()) { header_->Clear(); }
  ~ScratchHeader() {
    const size_t copy_bytes = header_->first().copy().size() + header_->last().copy().size();
    if (header_->tables_size() > kTablesKeptMax || copy_bytes > kCopyBytesKeptMax)
      Kept() = std::make_unique<model::v1::WagonHeader>();
  }
  ScratchHeader(const ScratchHeader&) = delete;
  ScratchHeader& operator=(const ScratchHeader&) = delete;
  model::v1::WagonHeader& operator*() { return *header_; }
  model::v1::WagonHeader* operator->() { return header_.get(); }

 private:
  static constexpr int kTablesKeptMax = 64;
  static constexpr size_t kCopyBytesKeptMax = 16u << 10;
  static std::unique_ptr<model::v1::WagonHeader>& Kept() {
    static thread_local auto kept = std::make_unique<model::v1::WagonHeader>();
    return kept;
  }

  std::unique_ptr<model::v1::WagonHeader>& header_;
};

}  // namespace

Status EncodeFrameFront(const WagonHeader& header, std::string* out) {
  SRDF_RETURN_IF_ERROR(ValidateHeader(header));
  ScratchHeader proto;
  ToProto(header, &*proto);
  const size_t bytes = proto->ByteSizeLong();
  if (bytes > kFrameHeaderBytesMax) {
    return {StatusCode::kInvalidArgument,
            "wagon header of " + std::to_string(bytes) + " bytes, the limit is " +
                std::to_string(kFrameHeaderBytesMax),
            "make smaller wagons: fewer tables may take part in one"};
  }
  ByteWriter w(out);
  w.Raw(kFrameMagic);
  w.U32(kFrameVersion);
  w.U32(static_cast<uint32_t>(bytes));
  if (!proto->AppendToString(out)) return {StatusCode::kInternal, "wagon header: cannot be serialised"};
  return Status::Ok();
}

Result<size_t> FrameFrontBytes(std::string_view prefix) {
  ByteReader r(prefix);
  const ByteView magic = r.Raw(kFrameMagic.size());
  const uint32_t version = r.U32();
  const uint32_t header_bytes = r.U32();
  if (!r.ok()) return Broken("shorter than its prefix");
  if (magic != kFrameMagic) return Broken("does not begin with " + std::string(kFrameMagic));
  if (version != kFrameVersion) {
    return Status(StatusCode::kUnimplemented,
                  "wagon frame: version " + std::to_string(version) + " is not known",
                  "upgrade this service to the version that wrote the wagon");
  }
  if (header_bytes > kFrameHeaderBytesMax) {
    return Broken("header of " + std::to_string(header_bytes) + " bytes, the limit is " +
                  std::to_string(kFrameHeaderBytesMax));
  }
  return kFramePrefixBytes + header_bytes;
}

Result<WagonHeader> DecodeFrameFront(std::string_view front) {
  ScratchHeader proto;
  front.remove_prefix(kFramePrefixBytes);
  if (!proto->ParseFromArray(front.data(), static_cast<int>(front.size()))) return Broken("malformed header");
  WagonHeader header = FromProto(*proto);
  SRDF_RETURN_IF_ERROR(ValidateHeader(header));
  return header;
}

Status CheckPayloadRecord(uint8_t type, size_t body_bytes) {
  size_t bytes_max = kRecordBodyBytesMax;
  switch (static_cast<RecordType>(type)) {
    case RecordType::kTableSchema:
      bytes_max = kSchemaBodyBytesMax;
      break;
    case RecordType::kRowRun:
    case RecordType::kStatement:
    case RecordType::kPreparedPart:
    case RecordType::kPreparedOutcome:
    case RecordType::kMark:
    case RecordType::kRangeCopy:
      break;
    default:
      return Broken("record of type " + std::to_string(type) + " in the payload");
  }
  if (body_bytes <= bytes_max) return Status::Ok();
  return Broken("record of " + std::to_string(body_bytes) + " bytes, the limit is " +
                std::to_string(bytes_max));
}

Result<WagonHeader> PeekHeader(std::string_view frame_prefix, size_t* bytes_needed) {
  size_t needed = kFramePrefixBytes;
  if (frame_prefix.size() >= needed) {
    SRDF_ASSIGN_OR_RETURN(needed, FrameFrontBytes(frame_prefix.substr(0, kFramePrefixBytes)));
  }
  if (bytes_needed != nullptr) *bytes_needed = needed;
  if (frame_prefix.size() >= needed) return DecodeFrameFront(frame_prefix.substr(0, needed));
  return Status(StatusCode::kUnavailable, "wagon frame: the header needs " + std::to_string(needed) +
                                              " bytes of the frame, " + std::to_string(frame_prefix.size()) +
                                              " are there");
}

}  // namespace srdf::wire
