// Status and Result<T>: errors as values.
//
// A Status says what went wrong (message, naming the thing), what to do about it (remedy) and, by its code,
// how a caller behaves: retry, look, or stop. The codes are shaped like gRPC's so that rpc/ maps them one to
// one. `kOutcomeUnknown` is ours: a commit whose reply was lost; it is resolved by reading durable state,
// never by repeating blindly.
//
// Thread rules: plain values, no sharing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace srdf {

enum class StatusCode {
  kOk = 0,
  kCancelled,           // asked to stop
  kInvalidArgument,     // bad input: configuration, frame, command; never retried
  kNotFound,            //
  kAlreadyExists,       //
  kFailedPrecondition,  // the world is not as required; the remedy says what to change
  kAborted,             // lost a race or a deadlock; retry at once
  kUnavailable,         // network or server away; retry with back-off
  kResourceExhausted,   // disk full, credit used up; wait
  kDeadlineExceeded,    // a wait had its limit
  kDataLoss,            // checksum, chain or sequence broken; never retried
  kDivergence,          // target rows are not what the source's log says; stop, name the row
  kOutcomeUnknown,      // reply lost after commit was sent; read the checkpoint
  kPermissionDenied,    //
  kUnimplemented,       //
  kInternal,            // our own invariant
};

std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message, std::string remedy = {})
      : code_(code), message_(std::move(message)), remedy_(std::move(remedy)) {}

  static Status Ok() { return {}; }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& remedy() const { return remedy_; }

  // "UNAVAILABLE: cannot reach … (remedy: …)"; for logs and people.
  std::string ToString() const;

  // The same error with "context: " before its message.
  Status WithContext(std::string_view context) const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
  std::string remedy_;
};

// A value or the Status that explains its absence. value() on an error is a programming error and aborts.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): a return value
  Result(Status status)
      : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor): a return value

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() & { return value_.value(); }
  const T& value() const& { return value_.value(); }
  T&& value() && { return std::move(value_).value(); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace srdf

// Returns from the enclosing function when `expr` is an error Status.
#define SRDF_RETURN_IF_ERROR(expr)               \
  do {                                           \
    ::srdf::Status srdf_status_ = (expr);        \
    if (!srdf_status_.ok()) return srdf_status_; \
  } while (false)

#define SRDF_CONCAT_INNER(a, b) a##b
#define SRDF_CONCAT(a, b) SRDF_CONCAT_INNER(a, b)

// SRDF_ASSIGN_OR_RETURN(auto x, F()): x becomes F()'s value, or its Status is returned.
#define SRDF_ASSIGN_OR_RETURN(lhs, expr) \
  SRDF_ASSIGN_OR_RETURN_IMPL(SRDF_CONCAT(srdf_result_, __LINE__), lhs, expr)
#define SRDF_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                               \
  if (!tmp.ok()) return tmp.status();              \
  lhs = std::move(tmp).value()
