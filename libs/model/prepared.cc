#include "model/prepared.h"

namespace srdf {

namespace {

Status Torn(const char* what) {
  return {StatusCode::kDataLoss, "change stream: torn or malformed " + std::string(what)};
}

bool ValidXid(const std::string& xid) { return !xid.empty() && xid.size() <= kXidBytesMax; }

}  // namespace

void EncodePreparedPartFront(const PreparedPart& part, std::string* out) {
  ByteWriter w(out);
  w.Blob(part.xid);
  w.Blob(part.gtid);
  w.Varint(part.number);
  w.U8(part.last ? 1 : 0);
  w.Varint(part.rows);
}

Result<PreparedPart> DecodePreparedPart(ByteView in) {
  ByteReader r(in);
  PreparedPart part;
  part.xid = std::string(r.Blob());
  part.gtid = std::string(r.Blob());
  const uint64_t number = r.Varint();
  const uint8_t last = r.U8();
  part.rows = r.Varint();
  part.records = r.Rest();
  if (!r.ok() || !ValidXid(part.xid) || number == 0 || number > UINT32_MAX || last > 1) {
    return Torn("part of a prepared transaction");
  }
  part.number = static_cast<uint32_t>(number);
  part.last = last == 1;
  return part;
}

void EncodePreparedOutcome(const PreparedOutcome& outcome, std::string* out) {
  ByteWriter w(out);
  w.Blob(outcome.xid);
  w.U8(outcome.commit ? 1 : 2);
}

Result<PreparedOutcome> DecodePreparedOutcome(ByteView in) {
  ByteReader r(in);
  PreparedOutcome outcome;
  outcome.xid = std::string(r.Blob());
  const uint8_t kind = r.U8();
  if (!r.ok() || !r.AtEnd() || !ValidXid(outcome.xid) || kind < 1 || kind > 2) {
    return Torn("outcome of a prepared transaction");
  }
  outcome.commit = kind == 1;
  return outcome;
}

}  // namespace srdf
