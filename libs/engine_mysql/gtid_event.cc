#include "engine_mysql/gtid_event.h"

#include <algorithm>

#include "engine_mysql/mysql_event.h"
#include "engine_mysql/serialized_message.h"

namespace srdf::engine_mysql {

namespace {

constexpr uint8_t kLogicalClock = 2;  // earlier 5.7 milestones wrote another clock, which is skipped
constexpr uint64_t kSecondTimeFollows = 1ull << 55;
constexpr uint32_t kSecondVersionFollows = 1u << 31;
constexpr uint64_t kSerializationVersionMax = 1;

Status Malformed(std::string_view what) {
  return {StatusCode::kDataLoss, "malformed " + std::string(what) + " event in the binlog"};
}

uint64_t ReadTime(ByteReader* r) {
  const uint64_t low = r->U32();
  return low | static_cast<uint64_t>(r->U24()) << 32;
}

Result<GtidEvent> DecodePlain(const engine_mariadb::EventView& event, bool anonymous) {
  ByteReader r(event.body);
  GtidEvent out;
  out.flags = r.U8();
  Gtid gtid;
  const ByteView uuid = r.Raw(gtid.origin.uuid.size());
  std::copy(uuid.begin(), uuid.end(), gtid.origin.uuid.begin());
  gtid.sequence = r.U64();
  if (!r.ok()) return Malformed("GTID");
  if (anonymous ? gtid.sequence != 0 : gtid.sequence == 0 || gtid.sequence > kGtidSequenceMax) {
    return Malformed("GTID");
  }
  if (!anonymous) out.gtid = gtid;
  // What follows came version by version: nothing is missing when a server did not write it.
  if (r.AtEnd() || r.U8() != kLogicalClock) return out;
  out.last_committed = static_cast<int64_t>(r.U64());
  out.sequence_number = static_cast<int64_t>(r.U64());
  if (r.remaining() >= 7) {
    out.immediate_commit_us = ReadTime(&r);
    out.original_commit_us = out.immediate_commit_us;
    if ((out.immediate_commit_us & kSecondTimeFollows) != 0) {
      out.immediate_commit_us &= ~kSecondTimeFollows;
      out.original_commit_us = ReadTime(&r);
    }
    if (!r.AtEnd()) out.transaction_bytes = engine_mariadb::ReadPackedLength(&r);
    if (r.remaining() >= 4) {
      out.immediate_server_version = r.U32();
      out.original_server_version = out.immediate_server_version;
      if ((out.immediate_server_version & kSecondVersionFollows) != 0) {
        out.immediate_server_version &= ~kSecondVersionFollows;
        out.original_server_version = r.U32();
      }
    }
  }
  if (!r.ok()) return Malformed("GTID");
  return out;
}

// False for a field that this version does not know.
bool ReadField(uint64_t field, ByteReader* r, Gtid* gtid, GtidEvent* out) {
  switch (field) {
    case 0:
      out->flags = static_cast<uint8_t>(ReadSerializedUnsigned(r));
      return true;
    case 1:
      for (uint8_t& byte : gtid->origin.uuid) byte = static_cast<uint8_t>(ReadSerializedUnsigned(r));
      return true;
    case 2:
      gtid->sequence = static_cast<uint64_t>(ReadSerializedSigned(r));
      return true;
    case 3:
      gtid->origin.tag = std::string(r->Raw(ReadSerializedUnsigned(r)));
      return true;
    case 4:
      out->last_committed = ReadSerializedSigned(r);
      return true;
    case 5:
      out->sequence_number = ReadSerializedSigned(r);
      return true;
    case 6:
      out->immediate_commit_us = ReadSerializedUnsigned(r);
      return true;
    case 7:
      out->original_commit_us = ReadSerializedUnsigned(r);
      return true;
    case 8:
      out->transaction_bytes = ReadSerializedUnsigned(r);
      return true;
    case 9:
      out->immediate_server_version = static_cast<uint32_t>(ReadSerializedUnsigned(r));
      return true;
    case 10:
      out->original_server_version = static_cast<uint32_t>(ReadSerializedUnsigned(r));
      return true;
    case 11:
      ReadSerializedUnsigned(r);  // the ticket of the commit group
      return true;
    default:
      return false;
  }
}

Result<GtidEvent> DecodeTagged(const engine_mariadb::EventView& event) {
  ByteReader r(event.body);
  const uint64_t version = ReadSerializedUnsigned(&r);
  const uint64_t bytes = ReadSerializedUnsigned(&r);
  const uint64_t last_field_needed = ReadSerializedUnsigned(&r);
  if (!r.ok() || bytes > event.body.size()) return Malformed("GTID_TAGGED");
  if (version > kSerializationVersionMax) {
    return Status(StatusCode::kUnimplemented,
                  "GTID_TAGGED event in a serialization of version " + std::to_string(version),
                  "upgrade SRDF to a version that knows the server's events");
  }
  GtidEvent out;
  Gtid gtid;
  uint64_t field_min = 0;
  while (r.ok() && !r.AtEnd()) {
    const uint64_t field = ReadSerializedUnsigned(&r);
    if (!r.ok() || field < field_min) return Malformed("GTID_TAGGED");
    field_min = field + 1;
    if (ReadField(field, &r, &gtid, &out)) continue;
    if (field <= last_field_needed) {
      return Status(StatusCode::kUnimplemented,
                    "GTID_TAGGED event with field " + std::to_string(field) + ", which has to be understood",
                    "upgrade SRDF to a version that knows the server's events");
    }
    break;  // unknown and of no importance; its length is not known either
  }
  const bool tag_is_sound = gtid.origin.tag.empty() || IsGtidTag(gtid.origin.tag);
  if (!r.ok() || !tag_is_sound || gtid.sequence == 0 || gtid.sequence > kGtidSequenceMax) {
    return Malformed("GTID_TAGGED");
  }
  if (out.original_commit_us == 0) out.original_commit_us = out.immediate_commit_us;
  if (out.original_server_version == 0) out.original_server_version = out.immediate_server_version;
  out.gtid = gtid;
  return out;
}

}  // namespace

Result<GtidEvent> DecodeGtidEvent(const engine_mariadb::EventView& event) {
  switch (static_cast<MysqlEventType>(event.header.type)) {
    case MysqlEventType::kGtid:
      return DecodePlain(event, false);
    case MysqlEventType::kAnonymousGtid:
      return DecodePlain(event, true);
    default:
      return DecodeTagged(event);
  }
}

}  // namespace srdf::engine_mysql
