#include "unit/wire/frame_fixture.h"

#include <gtest/gtest.h>

#include <random>

#include "codec/codec.h"
#include "model/record.h"
#include "model/schema.h"
#include "wire/frame_format.h"
#include "wire/sha256.h"

namespace srdf::wire::test {

namespace {
void ExpectOk(const Status& status) { EXPECT_TRUE(status.ok()) << status.ToString(); }
}  // namespace

WagonHeader SomeHeader() {
  WagonHeader h;
  h.uid = "0123456789abcdef0123456789abcdef";
  h.flow = "shop";
  h.epoch = 3;
  h.sequence = 42;
  h.first = {"0-1-100,5-2-7", "bin.000001", 1234};
  h.last = {"0-1-110,5-2-7", "bin.000002", 99};
  h.commit_time_first_ms = 1'700'000'000'000;
  h.commit_time_last_ms = 1'700'000'001'000;
  h.opened_at_ms = 1'700'000'000'500;
  h.closed_at_ms = 1'700'000'001'500;
  h.transactions = 10;
  h.rows_before = 100;
  h.rows_after = 60;
  h.statements = 1;
  h.source_bytes = 5000;
  h.bytes_before = 4000;
  h.seal_reason = SealReason::kManual;
  h.schema_fingerprint = std::string(32, 'f');
  h.previous_hash = std::string(32, 'p');
  h.first_gtid = "0-1-101";
  h.last_gtid = "0-1-110";
  TableManifest t;
  t.database = "shop";
  t.table = "café";
  t.inserts_before = 1;
  t.updates_before = 2;
  t.deletes_before = 3;
  t.bytes_before = 4;
  t.inserts_after = 5;
  t.updates_after = 6;
  t.deletes_after = 7;
  t.bytes_after = 8;
  h.tables = {t};
  return h;
}

std::string SchemaRecord(uint32_t ref) {
  TableSchema schema;
  schema.table_ref = ref;
  schema.database = "shop";
  schema.table = "t" + std::to_string(ref);
  schema.columns.resize(2);
  std::string body, out;
  EncodeTableSchema(schema, &body);
  AppendRecord(RecordType::kTableSchema, body, &out);
  return out;
}

std::string RunRecord(uint32_t ref, size_t image_bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string image(image_bytes, '\0');
  for (size_t i = 0; seed != 0 && i < image.size(); i += 3) image[i] = static_cast<char>(random());
  std::string out;
  RowRunWriter writer(&out);
  writer.Begin({ref, RowOp::kInsert, 0, {}, "\x03"});
  writer.Add({0, {}, {}, {}, image});
  writer.End();
  return out;
}

Frame MakeFrame(const std::vector<std::string>& appended, WagonBuilderOptions options,
                size_t piece_bytes_max) {
  Frame frame;
  frame.header = SomeHeader();
  auto builder = NewWagonBuilder(options);
  ExpectOk(builder.status());
  for (const std::string& records : appended) ExpectOk((*builder)->Append(records));
  const auto sink = [&](std::string_view piece) {
    frame.bytes.append(piece);
    frame.pieces.push_back(piece.size());
    return Status::Ok();
  };
  ExpectOk((*builder)->Finish(&frame.header, piece_bytes_max, sink, &frame.hash));
  return frame;
}

Frame ForgeFrame(WagonHeader header, const std::string& payload) {
  Frame frame;
  header.payload_compressed_bytes = payload.size();
  ExpectOk(EncodeFrameFront(header, &frame.bytes));
  frame.bytes.append(payload);
  Sha256 sha;
  sha.Append(frame.bytes);
  frame.hash = sha.Finish();
  frame.bytes.append(frame.hash);
  frame.header = std::move(header);
  return frame;
}

std::string Packed(Codec codec, const std::string& raw) {
  auto compressor = codec::NewCompressor(codec, 3);
  std::string out;
  ExpectOk((*compressor)->Append(raw, &out));
  ExpectOk((*compressor)->Finish(&out));
  return out;
}

FramePieces PiecesOf(std::string bytes, size_t piece_bytes) {
  return [bytes = std::move(bytes), at = size_t{0}, piece_bytes]() mutable -> Result<std::string> {
    std::string piece = bytes.substr(std::min(at, bytes.size()), piece_bytes);
    at += piece.size();
    return piece;
  };
}

Result<ReadBack> ReadAll(FramePieces pieces) {
  SRDF_ASSIGN_OR_RETURN(const auto reader, WagonReader::Open(std::move(pieces)));
  ReadBack all;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const std::string_view records, reader->Next());
    if (records.empty()) return all;
    all.records.append(records);
    ++all.calls;
    all.call_bytes_max = std::max(all.call_bytes_max, records.size());
  }
}

Status Verify(std::string_view bytes, size_t piece_bytes, WagonHeader* header, std::string* hash) {
  auto verifier = NewFrameVerifier();
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size()))) {
    SRDF_RETURN_IF_ERROR(verifier->Append(bytes.substr(0, piece_bytes)));
  }
  return verifier->Finish(header, hash);
}

}  // namespace srdf::wire::test
