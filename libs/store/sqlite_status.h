// What an SQLite error means to a caller of the store: the one table from result codes to Status.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "store/store_health.h"

namespace srdf::store {

// `code`, `extended` as from sqlite3_errcode() and sqlite3_extended_errcode(); `system_errno` as from
// sqlite3_system_errno(), 0 for none; `path` is the database the message names.
Status SqliteStatus(const std::string& path, int code, int extended, int system_errno,
                    std::string_view message);

// What a write that failed says about the disk; nothing when it says nothing (a lock, a constraint, damage).
std::optional<StoreState> DiskFaultOf(int code, int extended, int system_errno);

// The remedy for damage to the file at `path`.
std::string DamageRemedy(const std::string& path);

}  // namespace srdf::store
