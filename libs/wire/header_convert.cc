#include "wire/header_convert.h"

#include <algorithm>

#include "base/bytes.h"
#include "crypto/wagon_nonce.h"
#include "model/copy_state.h"
#include "wire/payload_cipher.h"
#include "wire/sha256.h"

namespace srdf::wire {

namespace {

constexpr size_t kUidDigits = 32;
constexpr uint8_t kNotKnown = 255;

// Enumerations of the model are numbered as in the proto; the proto's are open.
uint8_t FitByte(int v) { return v >= 0 && v < kNotKnown ? static_cast<uint8_t>(v) : kNotKnown; }

SealReason SealReasonFrom(int v) {
  return model::v1::SealReason_IsValid(v) ? static_cast<SealReason>(v) : SealReason::kUnknown;
}

// Well-formed UTF-8 without overlong forms and surrogates: protobuf refuses to read other strings, so a
// header with one could be written and never be read again.
bool IsUtf8(std::string_view s) {
  for (size_t i = 0; i < s.size();) {
    const auto lead = static_cast<uint8_t>(s[i]);
    const size_t more = lead < 0x80   ? 0
                        : lead < 0xc2 ? 4
                        : lead < 0xe0 ? 1
                        : lead < 0xf0 ? 2
                        : lead < 0xf5 ? 3
                                      : 4;
    if (more == 4 || i + more >= s.size()) return false;
    uint32_t point = more == 0 ? lead : lead & (0x3fu >> more);
    for (size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<uint8_t>(s[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3f);
    }
    const bool overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
    if (overlong || (point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) return false;
    i += more + 1;
  }
  return true;
}

bool IsUid(std::string_view uid) {
  return uid.size() == kUidDigits && std::all_of(uid.begin(), uid.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Status Wrong(const std::string& what) { return {StatusCode::kInvalidArgument, "wagon header: " + what}; }

Status NotKnown(const std::string& what, int value) {
  return {StatusCode::kUnimplemented, "wagon header: " + what + " " + std::to_string(value) + " is not known",
          "upgrade this service to the version that wrote the wagon"};
}

Status CheckText(const WagonHeader& h) {
  const auto position_ok = [](const SourcePosition& p) { return IsUtf8(p.gtid) && IsUtf8(p.file); };
  if (!IsUtf8(h.flow) || !IsUtf8(h.key_id) || !IsUtf8(h.first_gtid) || !IsUtf8(h.last_gtid) ||
      !position_ok(h.first) || !position_ok(h.last)) {
    return Wrong("a text field is not UTF-8");
  }
  for (const TableManifest& t : h.tables) {
    if (!IsUtf8(t.database) || !IsUtf8(t.table)) return Wrong("a table's name is not UTF-8");
  }
  return Status::Ok();
}

}  // namespace

void ToProto(const SourcePosition& v, model::v1::SourcePosition* out) {
  out->set_gtid(v.gtid);
  out->set_file(v.file);
  out->set_offset(v.offset);
  out->set_copy(v.copy);
}

SourcePosition FromProto(const model::v1::SourcePosition& v) {
  return {v.gtid(), v.file(), v.offset(), v.copy()};
}

void ToProto(const ChainTip& v, model::v1::ChainTip* out) {
  out->set_epoch(v.epoch);
  out->set_sequence(v.sequence);
  out->set_uid(v.uid);
  out->set_hash(v.hash);
  ToProto(v.position, out->mutable_position());
}

ChainTip FromProto(const model::v1::ChainTip& v) {
  return {v.epoch(), v.sequence(), v.uid(), v.hash(), FromProto(v.position())};
}

void ToProto(const TableManifest& v, model::v1::TableManifest* out) {
  out->set_database(v.database);
  out->set_table(v.table);
  out->set_inserts_before(v.inserts_before);
  out->set_updates_before(v.updates_before);
  out->set_deletes_before(v.deletes_before);
  out->set_bytes_before(v.bytes_before);
  out->set_inserts_after(v.inserts_after);
  out->set_updates_after(v.updates_after);
  out->set_deletes_after(v.deletes_after);
  out->set_bytes_after(v.bytes_after);
}

TableManifest FromProto(const model::v1::TableManifest& v) {
  TableManifest m;
  m.database = v.database();
  m.table = v.table();
  m.inserts_before = v.inserts_before();
  m.updates_before = v.updates_before();
  m.deletes_before = v.deletes_before();
  m.bytes_before = v.bytes_before();
  m.inserts_after = v.inserts_after();
  m.updates_after = v.updates_after();
  m.deletes_after = v.deletes_after();
  m.bytes_after = v.bytes_after();
  return m;
}

model::v1::SealReason ToProto(SealReason v) { return static_cast<model::v1::SealReason>(v); }
model::v1::Codec ToProto(Codec v) { return static_cast<model::v1::Codec>(v); }

void ToProto(const WagonHeader& v, model::v1::WagonHeader* out) {
  out->set_uid(v.uid);
  out->set_flow(v.flow);
  out->set_epoch(v.epoch);
  out->set_sequence(v.sequence);
  ToProto(v.first, out->mutable_first());
  ToProto(v.last, out->mutable_last());
  // Most wagons move the log's position alone, and the state of a copy may be large: it is there once.
  const bool same_copy = !v.last.copy.empty() && v.last.copy == v.first.copy;
  if (same_copy) out->mutable_last()->clear_copy();
  out->set_last_has_copy_of_first(same_copy);
  out->set_commit_time_first_ms(v.commit_time_first_ms);
  out->set_commit_time_last_ms(v.commit_time_last_ms);
  out->set_opened_at_ms(v.opened_at_ms);
  out->set_closed_at_ms(v.closed_at_ms);
  out->set_transactions(v.transactions);
  out->set_rows_before(v.rows_before);
  out->set_rows_after(v.rows_after);
  out->set_statements(v.statements);
  out->set_source_bytes(v.source_bytes);
  out->set_bytes_before(v.bytes_before);
  out->set_payload_raw_bytes(v.payload_raw_bytes);
  out->set_payload_compressed_bytes(v.payload_compressed_bytes);
  out->set_seal_reason(ToProto(v.seal_reason));
  out->set_codec(ToProto(v.codec));
  out->set_encryption(static_cast<model::v1::EncryptionMode>(v.encryption));
  out->set_key_id(v.key_id);
  out->set_nonce(v.nonce);
  out->set_schema_fingerprint(v.schema_fingerprint);
  out->set_previous_hash(v.previous_hash);
  out->set_first_gtid(v.first_gtid);
  out->set_last_gtid(v.last_gtid);
  out->clear_tables();
  for (const TableManifest& t : v.tables) ToProto(t, out->add_tables());
}

void LeaveOutCopy(model::v1::WagonHeader* header) {
  header->mutable_first()->clear_copy();
  header->mutable_last()->clear_copy();
  header->clear_last_has_copy_of_first();
}

WagonHeader FromProto(const model::v1::WagonHeader& v) {
  WagonHeader h;
  h.uid = v.uid();
  h.flow = v.flow();
  h.epoch = v.epoch();
  h.sequence = v.sequence();
  h.first = FromProto(v.first());
  h.last = FromProto(v.last());
  if (v.last_has_copy_of_first()) h.last.copy = h.first.copy;
  h.commit_time_first_ms = v.commit_time_first_ms();
  h.commit_time_last_ms = v.commit_time_last_ms();
  h.opened_at_ms = v.opened_at_ms();
  h.closed_at_ms = v.closed_at_ms();
  h.transactions = v.transactions();
  h.rows_before = v.rows_before();
  h.rows_after = v.rows_after();
  h.statements = v.statements();
  h.source_bytes = v.source_bytes();
  h.bytes_before = v.bytes_before();
  h.payload_raw_bytes = v.payload_raw_bytes();
  h.payload_compressed_bytes = v.payload_compressed_bytes();
  h.seal_reason = SealReasonFrom(v.seal_reason());
  h.codec = static_cast<Codec>(FitByte(v.codec()));
  h.encryption = static_cast<EncryptionMode>(FitByte(v.encryption()));
  h.key_id = v.key_id();
  h.nonce = v.nonce();
  h.schema_fingerprint = v.schema_fingerprint();
  h.previous_hash = v.previous_hash();
  h.first_gtid = v.first_gtid();
  h.last_gtid = v.last_gtid();
  h.tables.reserve(static_cast<size_t>(v.tables_size()));
  for (const auto& t : v.tables()) h.tables.push_back(FromProto(t));
  return h;
}

Status ValidateHeader(const WagonHeader& h) {
  if (!IsUid(h.uid)) return Wrong("uid is not 32 lower-case hex digits");
  if (h.flow.empty()) return Wrong("flow is missing");
  if (h.epoch == 0) return Wrong("epoch is 0, the first one is 1");
  if (h.sequence == 0) return Wrong("sequence is 0, the first one is 1");
  if (!h.last.known()) return Wrong("last position is missing");
  if (h.first.copy.size() > kCopyStateBytesMax || h.last.copy.size() > kCopyStateBytesMax) {
    return Wrong("the state of a copy is larger than " + std::to_string(kCopyStateBytesMax) + " bytes");
  }
  SRDF_RETURN_IF_ERROR(CheckText(h));
  if (h.previous_hash.size() != kSha256Bytes) return Wrong("previous_hash is not 32 bytes");
  if (h.schema_fingerprint.size() != kSha256Bytes) return Wrong("schema_fingerprint is not 32 bytes");
  if (!model::v1::Codec_IsValid(static_cast<int>(h.codec)))
    return NotKnown("codec", static_cast<int>(h.codec));
  switch (h.encryption) {
    case EncryptionMode::kNone:
      if (!h.key_id.empty() || !h.nonce.empty()) return Wrong("a key id or nonce without encryption");
      if (h.codec == Codec::kNone && h.payload_compressed_bytes != h.payload_raw_bytes) {
        return Wrong("payload sizes differ without a codec");
      }
      return Status::Ok();
    case EncryptionMode::kAes256Gcm:
      if (h.key_id.empty() || h.nonce.empty()) return Wrong("encryption without a key id or nonce");
      if (!crypto::IsKeyId(h.key_id)) return Wrong("key_id is not a key's name");
      if (h.nonce.size() != crypto::kWagonNonceBytes) return Wrong("nonce is not 24 bytes");
      if (h.payload_compressed_bytes < kSealedPayloadBytesMin)
        return Wrong("the payload is too short to be encrypted");
      return Status::Ok();
  }
  return NotKnown("encryption", static_cast<int>(h.encryption));
}

}  // namespace srdf::wire
