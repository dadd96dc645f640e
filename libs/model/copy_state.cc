#include "model/copy_state.h"

#include <algorithm>

namespace srdf {

namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kSchemaDone = 0x01;
constexpr uint8_t kPaused = 0x02;
constexpr uint8_t kAllTables = 0x04;

Status Torn() { return {StatusCode::kDataLoss, "position: torn or malformed state of a copy"}; }

}  // namespace

const TableCopy* CopyState::Find(std::string_view database, std::string_view table) const {
  const auto found = std::find_if(tables.begin(), tables.end(), [&](const TableCopy& t) {
    return t.table == table && t.database == database;
  });
  return found == tables.end() ? nullptr : &*found;
}

CopyState NewCopy(const std::string& plan) {
  CopyState copy;
  copy.plan = plan;
  copy.all_tables = true;
  return copy;
}

Result<std::string> EncodeCopyState(const CopyState& state) {
  std::string out;
  ByteWriter w(&out);
  w.U8(kVersion);
  w.U8((state.schema_done ? kSchemaDone : 0) | (state.paused ? kPaused : 0) |
       (state.all_tables ? kAllTables : 0));
  w.Blob(state.plan);
  w.U64(static_cast<uint64_t>(state.started_at_ms));
  w.Varint(state.tables_total);
  w.Varint(state.rows);
  w.Varint(state.bytes);
  w.Varint(state.rows_estimate);
  w.Varint(state.bytes_estimate);
  w.Varint(state.tables.size());
  for (const TableCopy& t : state.tables) {
    w.Blob(t.database);
    w.Blob(t.table);
    w.U8(static_cast<uint8_t>(t.phase));
    w.Blob(t.cursor);
    w.Blob(t.key);
    w.Varint(t.group);
    w.Varint(t.rows);
    w.Varint(t.rows_estimate);
    w.Varint(t.bytes_estimate);
  }
  if (out.size() > kCopyStateBytesMax) {
    return Status(StatusCode::kInvalidArgument,
                  "a copy of " + std::to_string(state.tables.size()) + " tables is too large for one plan",
                  "copy fewer tables at a time (establish --table)");
  }
  return out;
}

Result<CopyState> DecodeCopyState(ByteView in) {
  ByteReader r(in);
  CopyState state;
  if (r.U8() != kVersion) return Torn();
  const uint8_t flags = r.U8();
  state.schema_done = (flags & kSchemaDone) != 0;
  state.paused = (flags & kPaused) != 0;
  state.all_tables = (flags & kAllTables) != 0;
  state.plan = std::string(r.Blob());
  state.started_at_ms = static_cast<int64_t>(r.U64());
  state.tables_total = r.Varint();
  state.rows = r.Varint();
  state.bytes = r.Varint();
  state.rows_estimate = r.Varint();
  state.bytes_estimate = r.Varint();
  const uint64_t count = r.Varint();
  // Each takes nine bytes at least.
  if (!r.ok() || count > r.remaining() / 9) return Torn();
  state.tables.resize(count);
  for (TableCopy& t : state.tables) {
    t.database = std::string(r.Blob());
    t.table = std::string(r.Blob());
    const uint8_t phase = r.U8();
    t.cursor = std::string(r.Blob());
    t.key = std::string(r.Blob());
    const uint64_t group = r.Varint();
    t.rows = r.Varint();
    t.rows_estimate = r.Varint();
    t.bytes_estimate = r.Varint();
    if (!r.ok() || phase > static_cast<uint8_t>(CopyPhase::kCopying) || group > UINT32_MAX) return Torn();
    t.phase = static_cast<CopyPhase>(phase);
    t.group = static_cast<uint32_t>(group);
  }
  if (!r.ok() || !r.AtEnd()) return Torn();
  return state;
}

std::string DescribeCopy(ByteView encoded) {
  if (encoded.empty()) return {};
  const auto state = DecodeCopyState(encoded);
  if (!state.ok()) return "copy (its state cannot be read)";
  if (state->unplanned()) return "copy (not planned yet)";
  // Estimates are wrong by some: what is not done is not shown as done.
  const auto percent = [&](uint64_t done, uint64_t all) {
    if (all == 0) return state->tables.empty() ? 100.0 : 0.0;
    return std::min(100.0 * static_cast<double>(done) / static_cast<double>(all), 99.0);
  };
  const bool by_bytes = state->bytes_estimate != 0;
  const double part =
      by_bytes ? percent(state->bytes, state->bytes_estimate) : percent(state->rows, state->rows_estimate);
  const uint64_t left = std::min<uint64_t>(state->tables.size(), state->tables_total);
  return "copy " + std::to_string(static_cast<int>(part)) + " % (" +
         std::to_string(state->tables_total - left) + " of " + std::to_string(state->tables_total) +
         (state->tables_total == 1 ? " table" : " tables") + (state->paused ? ", paused)" : ")");
}

}  // namespace srdf
