// KeyText: the key of a row as a person writes it on a command line, and what its values look like as the
// JSON of row_json.h prints them, so that the two can be compared.
//
//   text   := value { "," value }
//   value  := 'text' ('' is one quote) | x'hex' | everything up to the next comma
//
// The comparison is by printed forms because only printing knows every type; it is exact: case, accents and
// trailing spaces count, whatever the column's collation says. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/schema.h"

namespace srdf::engine_mariadb {

struct KeyValue {
  enum class Form {
    kBare,    // 42, abc, 2026-01-31, 0x6162
    kQuoted,  // 'abc'
    kBytes,   // x'6162'
  };
  Form form = Form::kBare;
  std::string text;  // without quotes; of kBytes the bytes

  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

// kInvalidArgument, with what is wrong, when the text cannot be read.
Result<std::vector<KeyValue>> ParseKeyText(std::string_view text);

// How the value may be printed in this column; a text of a binary column is its bytes, or the UUID or address
// that it spells. kInvalidArgument when the column cannot hold it; the caller names the column.
Result<std::vector<std::string>> PrintedForms(const Column& column, const KeyValue& value);

}  // namespace srdf::engine_mariadb
