#include "engine_mariadb/target_prepared.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace srdf::engine_mariadb {

namespace {

// A quarter of a packet leaves room for every byte escaped. The rest bounds the memory at the server.
constexpr uint64_t kPieceBytesMax = 1 << 20;

uint64_t Number(const Value& value) { return std::strtoull(value.value_or("").c_str(), nullptr, 10); }

}  // namespace

PreparedTransactions::PreparedTransactions(Connection* connection, uint64_t packet_bytes_max)
    : connection_(connection), piece_bytes_max_(std::min(kPieceBytesMax, packet_bytes_max / 4)) {}

std::string PreparedTransactions::Where(const std::string& flow, const std::string& xid) const {
  return fmt::format(" WHERE flow={} AND xid={}", connection_->Quote(flow), connection_->Quote(xid));
}

Status PreparedTransactions::Hold(const std::string& flow, const PreparedPart& part) {
  if (part.number == 1) SRDF_RETURN_IF_ERROR(Drop(flow, part.xid));
  ByteView rest = part.records;
  for (unsigned piece = 1; piece == 1 || !rest.empty(); ++piece) {
    const ByteView bytes = rest.substr(0, piece_bytes_max_);
    rest.remove_prefix(bytes.size());
    SRDF_RETURN_IF_ERROR(connection_->Execute(
        fmt::format("INSERT INTO srdf.xa_prepared (flow, xid, part, piece, last, gtid, `rows`, records, "
                    "prepared_at) VALUES ("
                    "{}, {}, {}, {}, {}, {}, {}, _binary{}, SYSDATE(6))",
                    connection_->Quote(flow), connection_->Quote(part.xid), part.number, piece,
                    part.last && rest.empty() ? 1 : 0, connection_->Quote(part.gtid), part.rows,
                    connection_->Quote(bytes))));
  }
  return {};
}

Status PreparedTransactions::Take(const std::string& flow, const std::string& xid,
                                  const std::function<Status(const Part& part)>& apply) {
  const std::string where = Where(flow, xid);
  SRDF_ASSIGN_OR_RETURN(const auto pieces,
                        connection_->Query("SELECT part, piece, last, gtid, skipped_after FROM "
                                           "srdf.xa_prepared" +
                                           where + " ORDER BY part, piece FOR UPDATE"));
  SRDF_ASSIGN_OR_RETURN(const std::string skipped,
                        connection_->QueryValue("SELECT IFNULL(GROUP_CONCAT(`sequence` ORDER BY `sequence`), "
                                                "'') FROM srdf.skipped_wagon WHERE flow=" +
                                                connection_->Quote(flow)));
  if (pieces.empty()) {
    if (!skipped.empty()) return WasSkipped(xid, skipped);
    return {StatusCode::kFailedPrecondition,
            "XA transaction " + xid +
                " was committed at the source, and nothing of it is held at the target: it was "
                "prepared before the flow began",
            "re-establish the flow at a time when XA RECOVER at the source is empty"};
  }
  const auto incomplete = [&] {
    if (!skipped.empty()) return WasSkipped(xid, skipped);
    return Status(StatusCode::kDataLoss, "what is held of XA transaction " + xid + " is not complete",
                  "somebody changed srdf.xa_prepared at the target: re-establish the flow");
  };
  for (const ResultRow& row : pieces) {
    if (Number(row[4]) != 0) return InDoubt(flow, xid, row[4].value_or(""));
  }
  std::string records;
  uint64_t part = 0, piece = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const ResultRow& row = pieces[i];
    const bool next_part = Number(row[0]) == part + 1 && Number(row[1]) == 1;
    if (!next_part && (Number(row[0]) != part || Number(row[1]) != piece + 1)) return incomplete();
    part = Number(row[0]);
    piece = Number(row[1]);
    SRDF_ASSIGN_OR_RETURN(const std::string bytes,
                          connection_->QueryValue("SELECT records FROM srdf.xa_prepared" + where +
                                                  fmt::format(" AND part={} AND piece={}", part, piece)));
    records += bytes;
    const bool part_ends = i + 1 == pieces.size() || Number(pieces[i + 1][0]) != part;
    if (!part_ends) continue;
    if ((i + 1 == pieces.size()) != (row[2] == "1")) return incomplete();
    SRDF_RETURN_IF_ERROR(apply({row[3].value_or(""), records}));
    records.clear();
  }
  return Drop(flow, xid);
}

Status PreparedTransactions::WasSkipped(const std::string& xid, const std::string& wagons) const {
  return {StatusCode::kFailedPrecondition,
          "XA transaction " + xid +
              " was committed at the source, and what it prepared is not held at the target, or not all of "
              "it: it was in a wagon that was skipped (skipped: " +
              wagons + ")",
          "make its changes at the target by hand (`srdfctl wagon show UID --json rows` lists them) and skip "
          "this wagon too, or establish the flow again"};
}

Status PreparedTransactions::InDoubt(const std::string& flow, const std::string& xid,
                                     const std::string& wagon) const {
  return {
      StatusCode::kFailedPrecondition,
      "XA transaction " + xid +
          " was committed at the source; what is held of it was prepared before wagon " + wagon +
          ", which was skipped and may have held its outcome, or another transaction of this xid",
      "look for the xid with `srdfctl wagon show UID --json rows` in that wagon and the skipped ones after "
      "it (srdf.skipped_wagon). When none names it, at the target: UPDATE srdf.xa_prepared SET "
      "skipped_after=0" +
          Where(flow, xid) + "; then resume the flow. Else skip this wagon too, or establish the flow again"};
}

Status PreparedTransactions::Drop(const std::string& flow, const std::string& xid) {
  return connection_->Execute("DELETE FROM srdf.xa_prepared" + Where(flow, xid));
}

}  // namespace srdf::engine_mariadb
