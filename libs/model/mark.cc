#include "model/mark.h"

namespace srdf {

namespace {

Status Torn(const char* what) {
  return {StatusCode::kDataLoss, "change stream: torn or malformed " + std::string(what)};
}

}  // namespace

void EncodeMark(const Mark& mark, std::string* out) { ByteWriter(out).Blob(mark.id); }

Result<Mark> DecodeMark(ByteView in) {
  ByteReader r(in);
  Mark mark;
  mark.id = std::string(r.Blob());
  if (!r.ok() || !r.AtEnd() || mark.id.empty() || mark.id.size() > kMarkIdBytesMax) return Torn("mark");
  return mark;
}

void EncodeRangeCopy(const RangeCopy& copy, std::string* out) {
  ByteWriter w(out);
  w.U32(copy.table_ref);
  w.U8(static_cast<uint8_t>(copy.kind));
  w.Blob(copy.after);
  w.Blob(copy.until);
  w.Varint(copy.copies);
}

Result<RangeCopy> DecodeRangeCopy(ByteView in) {
  ByteReader r(in);
  RangeCopy copy;
  copy.table_ref = r.U32();
  const uint8_t kind = r.U8();
  copy.after = std::string(r.Blob());
  copy.until = std::string(r.Blob());
  copy.copies = r.Varint();
  const bool known = kind >= static_cast<uint8_t>(RangeCopyKind::kRange) &&
                     kind <= static_cast<uint8_t>(RangeCopyKind::kMore);
  if (!r.ok() || !r.AtEnd() || !known) return Torn("range of a copy");
  copy.kind = static_cast<RangeCopyKind>(kind);
  const bool one = copy.kind == RangeCopyKind::kKey || copy.kind == RangeCopyKind::kCopies;
  const bool bounded = !copy.after.empty() || !copy.until.empty();
  if ((one && copy.until.empty()) || (copy.kind == RangeCopyKind::kMore && bounded)) {
    return Torn("range of a copy");
  }
  return copy;
}

}  // namespace srdf
