#include "component/binlog_dump/server_binlog.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <sstream>

namespace srdf::test {

namespace {

std::string Run(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::array<char, 65536> piece{};
  for (size_t n = 0; (n = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;) out.append(piece.data(), n);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return out;
}

bool StartsWith(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

// "`db`.`t`" → "db.t"
std::string Unquote(std::string name) {
  std::erase(name, '`');
  return name;
}

}  // namespace

PrintedLog ReadWithServerTool(const std::string& path) {
  PrintedLog log;
  std::istringstream lines(Run("mariadb-binlog -v --base64-output=decode-rows '" + path + "'"));
  const std::pair<std::string, std::string> ops[] = {
      {"### INSERT INTO ", "insert"}, {"### UPDATE ", "update"}, {"### DELETE FROM ", "delete"}};
  bool where = false;
  for (std::string line; std::getline(lines, line);) {
    const size_t gtid = line.find("\tGTID ");
    if (StartsWith(line, "#") && gtid != std::string::npos) {
      log.gtids.push_back(line.substr(gtid + 6, line.find(' ', gtid + 6) - gtid - 6));
      continue;
    }
    for (const auto& [prefix, op] : ops) {
      if (StartsWith(line, prefix)) log.rows.push_back({op, Unquote(line.substr(prefix.size())), {}, {}});
    }
    if (line == "### WHERE") where = true;
    if (line == "### SET") where = false;
    if (!StartsWith(line, "###   @") || log.rows.empty()) continue;
    const size_t equals = line.find('=');
    auto& image = where ? log.rows.back().before : log.rows.back().after;
    image[std::stoi(line.substr(7))] = line.substr(equals + 1);
  }
  return log;
}

Dumped DumpPath(binlog_file::DumpOptions options) {
  Dumped dumped;
  std::string text;
  dumped.status = binlog_file::Dump(
      options,
      [&](std::string_view piece) {
        text += piece;
        return Status();
      },
      &dumped.summary);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    auto json = nlohmann::ordered_json::parse(line, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << line;
    dumped.transactions.push_back(std::move(json));
  }
  return dumped;
}

std::vector<nlohmann::ordered_json> RowsOf(const Dumped& dumped) {
  std::vector<nlohmann::ordered_json> rows;
  for (const auto& transaction : dumped.transactions) {
    for (const auto& change : transaction["changes"]) {
      if (change.contains("op")) rows.push_back(change);
    }
  }
  return rows;
}

namespace {

// Columns by position: mariadb-binlog numbers those present; the dump names them in table order.
void ExpectSameImage(const nlohmann::ordered_json& image, const std::map<int, std::string>& printed) {
  ASSERT_EQ(image.size(), printed.size()) << image;
  auto it = printed.begin();
  for (const auto& [name, value] : image.items()) {
    const std::string& text = (it++)->second;
    if (value.is_null()) {
      EXPECT_EQ(text, "NULL") << name;
    } else if (value.is_number_integer()) {
      // "-1 (255)": both readings of what may be unsigned.
      const std::string number = value.dump();
      EXPECT_TRUE(text == number || StartsWith(text, number + " (") ||
                  text.find("(" + number + ")") != std::string::npos)
          << name << ": " << text << " and " << number;
    } else if (value.is_string() && text.front() == '\'' && !StartsWith(value.get<std::string>(), "0x")) {
      EXPECT_EQ(text, "'" + value.get<std::string>() + "'") << name;
    }
  }
}

}  // namespace

void ExpectSameAsServerTool(const Dumped& dumped, const PrintedLog& printed) {
  EXPECT_TRUE(dumped.status.ok()) << dumped.status.ToString();
  std::vector<std::string> gtids;
  for (const auto& transaction : dumped.transactions) gtids.push_back(transaction["gtid"]);
  EXPECT_EQ(gtids, printed.gtids);
  const auto rows = RowsOf(dumped);
  ASSERT_EQ(rows.size(), printed.rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE("row " + std::to_string(i) + ": " + rows[i].dump());
    EXPECT_EQ(rows[i]["op"], printed.rows[i].op);
    EXPECT_EQ(rows[i]["table"], printed.rows[i].table);
    ExpectSameImage(rows[i].value("before", nlohmann::ordered_json::object()), printed.rows[i].before);
    ExpectSameImage(rows[i].value("after", nlohmann::ordered_json::object()), printed.rows[i].after);
  }
}

}  // namespace srdf::test
