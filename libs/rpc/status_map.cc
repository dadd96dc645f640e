#include "rpc/status_map.h"

#include <array>

#include "rpc/own_certificate.h"

namespace srdf::rpc {

namespace {

struct Pair {
  StatusCode ours;
  grpc::StatusCode theirs;
};

// The first pair of a gRPC code is what it means when it comes without details.
constexpr std::array<Pair, 17> kTable = {{
    {StatusCode::kOk, grpc::StatusCode::OK},
    {StatusCode::kCancelled, grpc::StatusCode::CANCELLED},
    {StatusCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    {StatusCode::kNotFound, grpc::StatusCode::NOT_FOUND},
    {StatusCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
    {StatusCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
    {StatusCode::kAborted, grpc::StatusCode::ABORTED},
    {StatusCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    {StatusCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    {StatusCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
    {StatusCode::kDataLoss, grpc::StatusCode::DATA_LOSS},
    {StatusCode::kDivergence, grpc::StatusCode::FAILED_PRECONDITION},
    {StatusCode::kOutcomeUnknown, grpc::StatusCode::UNKNOWN},
    // Who is not known and who may not are one to a caller: neither is worth trying again by itself.
    {StatusCode::kPermissionDenied, grpc::StatusCode::UNAUTHENTICATED},
    {StatusCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED},
    {StatusCode::kUnimplemented, grpc::StatusCode::UNIMPLEMENTED},
    {StatusCode::kInternal, grpc::StatusCode::INTERNAL},
}};

StatusCode CodeFromName(const std::string& name, StatusCode otherwise) {
  for (const Pair& pair : kTable) {
    if (StatusCodeName(pair.ours) == name) return pair.ours;
  }
  return otherwise;
}

constexpr std::string_view kRemedyMark = " (remedy: ";

// What gRPC puts before the error of a plugin that provides a token.
constexpr std::string_view kPluginMark = "Getting metadata from plugin failed with error: ";

Status TakeApart(StatusCode code, std::string message) {
  const size_t at = message.rfind(kRemedyMark);
  if (at == std::string::npos || message.back() != ')') return {code, std::move(message)};
  const size_t begin = at + kRemedyMark.size();
  return {code, message.substr(0, at), message.substr(begin, message.size() - begin - 1)};
}

// Trouble with certificates reaches a caller as a connection that cannot be had. The end that can name the
// reason does: this one's own certificate, or the word of TLS about the other's.
Status ExplainConnection(const std::string& message) {
  if (const Status own = OwnCertificateTrouble(); !own.ok())
    return {StatusCode::kUnavailable, message + "; this end's certificate: " + own.message(), own.remedy()};
  for (const std::string_view mark : {"handshake failed", "Handshake failed", "verify failed",
                                      "verification check failed", "Security handshake"}) {
    if (message.find(mark) == std::string::npos) continue;
    return {
        StatusCode::kUnavailable, "no secure connection: " + message,
        "run `srdfctl cert check` at both ends; both need certificates of one authority and mesh, and the "
        "same security.mode"};
  }
  return {StatusCode::kUnavailable, message};
}

// gRPC's chain of "failed to connect … last error: UNKNOWN: …" down to what the kernel said.
std::string ShortCause(const std::string& message) {
  constexpr std::string_view kMark = "Failed to connect to remote host: ";
  const size_t at = message.rfind(kMark);
  return at == std::string::npos ? message : "cannot connect: " + message.substr(at + kMark.size());
}

}  // namespace

std::string WithRemedy(const std::string& message, const std::string& remedy) {
  return remedy.empty() ? message : message + std::string(kRemedyMark) + remedy + ")";
}

void ToProto(const Status& status, int64_t since_ms, model::v1::Problem* out) {
  out->set_code(std::string(StatusCodeName(status.code())));
  out->set_message(status.message());
  out->set_remedy(status.remedy());
  out->set_since_ms(since_ms);
}

Status FromProto(const model::v1::Problem& problem) {
  return {CodeFromName(problem.code(), StatusCode::kInternal), problem.message(), problem.remedy()};
}

grpc::Status ToGrpc(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  grpc::StatusCode code = grpc::StatusCode::INTERNAL;
  for (const Pair& pair : kTable) {
    if (pair.ours == status.code()) code = pair.theirs;
  }
  model::v1::Problem problem;
  ToProto(status, 0, &problem);
  return {code, status.message(), problem.SerializeAsString()};
}

Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return {};
  StatusCode code = StatusCode::kInternal;
  for (const Pair& pair : kTable) {
    if (pair.theirs == status.error_code()) {
      code = pair.ours;
      break;
    }
  }
  model::v1::Problem problem;
  if (!status.error_details().empty() && problem.ParseFromString(status.error_details())) {
    return {CodeFromName(problem.code(), code), problem.message(), problem.remedy()};
  }
  // Our services put details on every error of their own; INTERNAL and UNKNOWN without them are the
  // transport's (a stream that was reset), and pass.
  if (code == StatusCode::kInternal || code == StatusCode::kOutcomeUnknown) code = StatusCode::kUnavailable;
  if (code == StatusCode::kResourceExhausted) {
    // No disk or inbox of ours that will have room again. gRPC 1.51, message_size_filter.cc.
    if (status.error_message().find("larger than max") != std::string::npos) {
      return {StatusCode::kFailedPrecondition, "gRPC refuses a message: " + status.error_message(),
              "both ends are to be of the same release, and no proxy between them may limit messages below 4 "
              "MiB"};
    }
    code = StatusCode::kUnavailable;
  }
  if (const size_t at = status.error_message().find(kPluginMark); at != std::string::npos) {
    return TakeApart(StatusCode::kPermissionDenied, status.error_message().substr(at + kPluginMark.size()));
  }
  if (code == StatusCode::kUnavailable) return ExplainConnection(ShortCause(status.error_message()));
  return TakeApart(code, status.error_message());
}

}  // namespace srdf::rpc
