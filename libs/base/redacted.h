// Redacted: an error for logs, stores and other services where rows are private.
//
// The text of an error that a database gave may name the values of a row or the text of a statement, and no
// part of it can be trusted not to. So nothing of it is kept but the code; `about` is what the caller knows
// of the error without looking at its text. The whole error stays in the memory of the service that met with
// it, for its answer to an operator.
#pragma once

#include <string>

#include "base/status.h"

namespace srdf {

inline Status Redacted(const Status& status, const std::string& about) {
  if (status.ok()) return status;
  return {status.code(), about + " (what the error says is private)",
          "`srdfctl status` shows it in full, from the memory of the service that met with it"};
}

}  // namespace srdf
