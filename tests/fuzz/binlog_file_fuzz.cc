// Whole binlog files of MySQL and MariaDB, through `srdfctl binlog dump`: what it prints is JSON.
#include <nlohmann/json.hpp>

#include "binlog_file/dump.h"
#include "fuzz/fuzz_target.h"
#include "support/mysql_file.h"
#include "unit/engine_mariadb_source/sample_events.h"

namespace srdf::fuzz {

void FuzzOne(std::string_view input) {
  const InputFile file(input);
  for (const bool events : {false, true}) {
    binlog_file::DumpOptions options;
    options.path = file.path();
    options.events = events;
    std::string text;
    binlog_file::DumpSummary summary;
    [[maybe_unused]] const Status status = binlog_file::Dump(
        options,
        [&](std::string_view piece) {
          text += piece;
          return Status();
        },
        &summary);
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      Require(end != std::string::npos, "a line of the dump has no end");
      Require(nlohmann::json::accept(std::string_view(text).substr(at, end - at)),
              "a line of the dump is not JSON");
      at = end + 1;
    }
    (void)summary.ToText(events);
  }
}

std::vector<std::string> Seeds() {
  test::MySqlFile mysql("8.0.36", /*checksums=*/false);
  mysql.AddGtid(1);
  mysql.AddQuery("BEGIN");
  const std::string map = test::TableMapBody(7, "db", "t",
                                             {{"id", 3, "", false},
                                              {"name", 15, std::string("\x64\x00", 2), true},
                                              {"doc", 245, std::string("\x04", 1), true}});
  mysql.Add(19, map);
  const std::string document = test::JsonDocument(test::JsonObject(
      {{"a", test::JsonInt16(1)}, {"b", test::JsonArray({test::JsonString("x"), test::JsonDouble(0.5)})}}));
  mysql.Add(30, test::RowsBody(
                    7, 3, "\x07",
                    std::string("\x00\x01\x00\x00\x00\x03one", 9) + test::Le(document.size(), 4) + document));
  mysql.AddXid(9);
  mysql.AddRotate();
  std::string mariadb(
      "\xfe"
      "bin");
  for (const std::string_view hex : {test::kFormatEvent, test::kGtidListEvent, test::kGtidEvent,
                                     test::kQueryEvent, test::kTableMapEvent, test::kWriteRowsEvent}) {
    mariadb += test::FromHex(hex);
  }
  return {mysql.bytes(), mariadb};
}

}  // namespace srdf::fuzz
