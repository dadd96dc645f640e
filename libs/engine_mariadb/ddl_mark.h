// The mark by which the target itself notes that a DDL statement has run.
//
// A fingerprint (ddl_fingerprint.h) tells that the objects concerned have changed, not who changed them: a
// statement that was refused while the applier died, and a target mended since then, look like a statement
// that has run. So the mark travels with the statement, in one packet behind it: the server runs it when, and
// only when, the statement has succeeded, whether or not anybody waits for the answer. (Seen with MariaDB
// 10.11: a batch goes on after its client was killed, over TCP and over a socket.)
//
// It is missing although the statement has run when the server died between the two, or the session was
// killed there: the first is told by the server's start, the second by the applier, which decides by the
// fingerprint at once when it loses its connection.
#pragma once

#include <string_view>

namespace srdf::engine_mariadb {

// False for a statement behind which nothing can be put: one whose last semicolon has nothing but white space
// and comments after it.
bool CanBeMarked(std::string_view sql);

}  // namespace srdf::engine_mariadb
