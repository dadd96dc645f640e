// What people read: tables, sizes, durations, times. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace srdf::ctl {

// Columns as wide as their widest cell, two spaces between them, no trailing spaces.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // As many cells as there are columns.
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  std::string Render() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "0 B", "1.5 KiB", "20.0 GiB".
std::string FormatBytes(uint64_t bytes);
// "1 234 567" with narrow groups, for screens.
std::string FormatCount(uint64_t count);
// "1 row", "2 rows".
std::string Counted(uint64_t count, std::string_view singular);
// "0.3 s", "45 s", "3 min 5 s", "2 h 4 min", "3 d 1 h".
std::string FormatDuration(int64_t milliseconds);
// "2026-01-31 12:00:05" in local time; "-" for 0.
std::string FormatTime(int64_t milliseconds);
// "8.0 : 1"; "-" when either side is nothing.
std::string FormatRatio(uint64_t before, uint64_t after);
// Lower-case hex digits.
std::string Hex(std::string_view bytes);
// "STREAMING" of "CAPTURE_STATE_STREAMING" in lower case; the prefix is without its last underscore.
std::string EnumWord(const std::string& name, std::string_view prefix);
// Text for a terminal: control characters, which may come from a server or a table, are made visible.
std::string Printable(std::string_view text);

}  // namespace srdf::ctl
