// QueryEvent: a statement in the log, with the session context it ran in.
//
// Plain and compressed forms. Most queries of a row-format log are COMMIT and DDL. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/binlog_event.h"
#include "model/statement.h"

namespace srdf::engine_mariadb {

// Decodes a QUERY or QUERY_COMPRESSED event whole: text, default database and every status variable that
// model/statement.h carries. A status variable that this version does not know ends the walk, because its
// length is not known either: its code goes to *unknown_variable, and the statement's context may be
// incomplete.
Result<Statement> DecodeQueryEvent(const EventView& event,
                                   std::optional<uint8_t>* unknown_variable = nullptr);

// Decodes nothing but the text, into `scratch` when it is compressed; the view lives as long as both.
Result<std::string_view> DecodeQueryText(const EventView& event, std::string* scratch);

}  // namespace srdf::engine_mariadb
