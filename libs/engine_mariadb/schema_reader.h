// SchemaReader: engine::SchemaDump of a MariaDB server, from what SHOW CREATE shows.
//
// The text of an object comes in the character set in which it was written, and so it travels, with the
// sql_mode, character sets and time zone that SHOW CREATE names beside it. Whether a view can be made at all
// is asked by preparing its query: one that cannot is left out by name, with the server's word why.
//
// SHOW CREATE TABLE shows a character outside of the basic plane as '?' in defaults and in ENUM and SET
// elements (seen with 10.11; in mariadb-dump too): where it may have done so, the dump has a doubt.
#pragma once

#include "base/status.h"
#include "engine/schema_dump.h"
#include "engine_mariadb/connection.h"

namespace srdf::engine_mariadb {

// All but `read_by`. Changes the connection's session: use it for nothing but position queries afterwards.
// Errors as engine::SourceEngine::ReadSchema.
Result<engine::SchemaDump> ReadSchemaObjects(Connection* connection, const engine::SchemaRequest& request);

}  // namespace srdf::engine_mariadb
