// What MySQL alone writes: binary JSON and its changes, GTID sets, packed transactions, message fields.
#include "engine_mariadb/binlog_event.h"
#include "engine_mysql/gtid_set.h"
#include "engine_mysql/json_diff.h"
#include "engine_mysql/json_value.h"
#include "engine_mysql/mysql_event.h"
#include "engine_mysql/mysql_query.h"
#include "engine_mysql/transaction_payload.h"
#include "fuzz/fuzz_target.h"
#include "support/mysql_file.h"

namespace srdf::fuzz {

namespace mysql = engine_mysql;

namespace {

constexpr uint64_t kInflatedBytesMax = 4u << 20;

void ReadPayload(std::string_view body) {
  auto payload = mysql::TransactionPayload::Open(body);
  if (!payload.ok()) return;
  engine_mariadb::EventView event;
  for (;;) {
    const auto more = payload->Next(&event);
    if (!more.ok() || !*more || payload->inflated_bytes() > kInflatedBytesMax) return;
    (void)mysql::DecodeMysqlQuery(event);
  }
}

}  // namespace

void FuzzOne(std::string_view input) {
  std::string out;
  if (mysql::AppendJsonText(input, &out).ok()) {
    // A small document may share its parts; the reader has a limit of its own for what it prints.
    Require(out.size() < (64u << 20), "a document of few bytes has an endless text");
  }
  out.clear();
  (void)mysql::AppendJsonDiffs(input, &out);
  if (const auto set = mysql::GtidSet::Decode(input); set.ok()) {
    const auto again = mysql::GtidSet::Parse(set->ToString());
    Require(again.ok(), "a GTID set's text cannot be read");
    Require(again->ToString() == set->ToString(), "a GTID set changes by its text");
  }
  if (const auto set = mysql::GtidSet::Parse(input); set.ok()) {
    const auto again = mysql::GtidSet::Parse(set->ToString());
    Require(again.ok() && again->ToString() == set->ToString(), "a GTID set changes by its text");
  }
  (void)mysql::DecodeXaPrepare(input);
  (void)mysql::DecodeRowsQuery(input);
  (void)mysql::DecodeViewChangeId(input);
  (void)mysql::DecodeHeartbeatV2(input);
  engine_mariadb::EventView event;
  event.body = input;
  (void)mysql::DecodeMysqlQuery(event);
  (void)mysql::DecodeLoadQuery(event);
  ReadPayload(input);
}

std::vector<std::string> Seeds() {
  const test::JsonValue object = test::JsonObject(
      {{"a", test::JsonInt16(1)},
       {"b", test::JsonArray({test::JsonString("x"), test::JsonDouble(0.5), test::JsonLiteral(1)})},
       {"c", test::JsonOpaque(246, std::string("\x05\x02\x81\x23", 4))}});
  return {test::JsonDocument(object),
          test::JsonDocument(test::JsonArray({test::JsonInt64(-5), test::JsonUint64(7)}, /*large=*/true)),
          test::QueryBody("CREATE TABLE t (a INT)", "db"), std::string(test::kUuidText) + ":1-5:7,:tag:3",
          test::Le(1, 8) + test::UuidBytes() + test::Le(1, 8) + test::Le(1, 8) + test::Le(6, 8)};
}

}  // namespace srdf::fuzz
