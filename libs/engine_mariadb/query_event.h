// QueryEvent: a statement in the log, with the session context it ran in.
//
// Plain and compressed forms. Most queries of a row-format log are COMMIT and DDL. Pure.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "engine_mariadb/binlog_event.h"
#include "model/statement.h"

namespace srdf::engine_mariadb {

// Decodes a QUERY or QUERY_COMPRESSED event whole: text, default database and every status variable that
// model/statement.h carries. Status variables this version does not know end the walk (the server writes
// them in growing order for that purpose).
Result<Statement> DecodeQueryEvent(const EventView& event);

// Decodes nothing but the text, into `scratch` when it is compressed; the view lives as long as both.
Result<std::string_view> DecodeQueryText(const EventView& event, std::string* scratch);

}  // namespace srdf::engine_mariadb
