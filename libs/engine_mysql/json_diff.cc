#include "engine_mysql/json_diff.h"

#include "engine_mariadb/binlog_event.h"
#include "engine_mariadb/character_text.h"
#include "engine_mariadb/row_json.h"
#include "engine_mysql/json_value.h"

namespace srdf::engine_mysql {

namespace {

constexpr const char* kOperations[] = {"replace", "insert", "remove"};
constexpr uint8_t kRemove = 2;

Status Malformed() { return {StatusCode::kDataLoss, "malformed partial JSON update in the binlog"}; }

}  // namespace

Status AppendJsonDiffs(ByteView diffs, std::string* out) {
  ByteReader r(diffs);
  out->push_back('[');
  while (!r.AtEnd()) {
    const uint8_t operation = r.U8();
    const ByteView path = r.Raw(engine_mariadb::ReadPackedLength(&r));
    if (!r.ok() || operation > kRemove || !engine_mariadb::IsUtf8(path)) return Malformed();
    if (out->back() != '[') out->push_back(',');
    *out += std::string(R"({"op":")") + kOperations[operation] + R"(","path":)";
    engine_mariadb::AppendJsonString(path, out);
    if (operation != kRemove) {
      const ByteView document = r.Raw(engine_mariadb::ReadPackedLength(&r));
      if (!r.ok()) return Malformed();
      std::string text;
      SRDF_RETURN_IF_ERROR(AppendJsonText(document, &text));
      if (!engine_mariadb::IsUtf8(text)) return Malformed();
      *out += R"(,"value":)";
      engine_mariadb::AppendJsonString(text, out);
    }
    out->push_back('}');
  }
  if (!r.ok()) return Malformed();
  out->push_back(']');
  return {};
}

}  // namespace srdf::engine_mysql
