#include "shipper/delivery_policy.h"

#include <algorithm>
#include <numeric>

namespace srdf::shipper {

using std::chrono::milliseconds;

std::vector<milliseconds> RetrySchedule(const std::vector<uint64_t>& seconds, uint32_t max_attempts) {
  std::vector<milliseconds> schedule;
  for (const uint64_t entry : seconds) schedule.emplace_back(std::chrono::seconds(entry));
  if (max_attempts != 0 && !schedule.empty()) schedule.resize(max_attempts, schedule.back());
  return schedule;
}

DeliveryDecision DeliveryPolicy::Decide(const FailureFacts& facts) const {
  switch (facts.error_class) {
    case ErrorClass::kBusy:
      return {DeliveryAct::kWaitAsTold, facts.told_wait.count() > 0 ? facts.told_wait : options_.busy_wait,
              false};
    case ErrorClass::kFormat:
      if (facts.failed_attempts > options_.format_again_max) return {DeliveryAct::kDeadLetter, {}, true};
      return {DeliveryAct::kSendAgain, {}, true};
    case ErrorClass::kCrypto:
    case ErrorClass::kAuthorisation:
      return {DeliveryAct::kSuspend, options_.refused_again, false};
    case ErrorClass::kFunctional:
      if (facts.failed_attempts > options_.schedule.size()) return {DeliveryAct::kDeadLetter, {}, true};
      return {DeliveryAct::kBySchedule, LongestWait(ErrorClass::kFunctional, facts.failed_attempts), true};
    case ErrorClass::kNone:
    case ErrorClass::kNetwork:
      break;
  }
  milliseconds wait = options_.reconnect_first;
  for (uint32_t i = 0; i < facts.reconnects && wait < options_.reconnect_max; ++i) wait *= 2;
  wait = std::min(wait, options_.reconnect_max);
  // Trouble of our own (kNone) is no reason to say that the destination is away.
  const bool suspended = facts.error_class == ErrorClass::kNetwork && facts.failing_for >= patience();
  return {suspended ? DeliveryAct::kSuspend : DeliveryAct::kReconnect, wait, false};
}

milliseconds DeliveryPolicy::patience() const {
  return std::accumulate(options_.schedule.begin(), options_.schedule.end(), milliseconds(0));
}

milliseconds DeliveryPolicy::LongestWait(ErrorClass error_class, uint32_t failed_attempts) const {
  if (error_class == ErrorClass::kCrypto || error_class == ErrorClass::kAuthorisation)
    return options_.refused_again;
  if (error_class != ErrorClass::kFunctional || options_.schedule.empty()) return milliseconds(0);
  const size_t entry = std::min<size_t>(std::max(failed_attempts, 1u), options_.schedule.size());
  return options_.schedule[entry - 1];
}

bool NeedsOperator(const Status& status) {
  return status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kFailedPrecondition ||
         status.code() == StatusCode::kInvalidArgument;
}

ErrorClass ClassOfStreamEnd(const Status& ended) {
  if (NeedsOperator(ended)) return ErrorClass::kNone;
  switch (ended.code()) {
    case StatusCode::kOk:
    case StatusCode::kCancelled:
      return ErrorClass::kNone;
    case StatusCode::kPermissionDenied:
      return ErrorClass::kAuthorisation;
    case StatusCode::kResourceExhausted:
      return ErrorClass::kBusy;
    default:
      break;
  }
  // A handshake that fails is UNAVAILABLE for gRPC; its cause is in the text alone (gRPC 1.51,
  // src/core/tsi/ssl_transport_security.cc and lib/security/transport/security_handshaker.cc).
  for (const char* words : {"handshake failed", "SSL_ERROR_SSL", "peer certificate", "CERTIFICATE_VERIFY"}) {
    if (ended.message().find(words) != std::string::npos) return ErrorClass::kAuthorisation;
  }
  return ErrorClass::kNetwork;
}

std::string RemedyFor(ErrorClass error_class, const std::string& flow) {
  switch (error_class) {
    case ErrorClass::kNetwork:
      return "look at the network between the sites and at the receiver; the flow goes on by itself when it "
             "answers";
    case ErrorClass::kCrypto:
      return "give the destination the key that the message names (`srdfctl key list`); tried again by "
             "itself, "
             "or at once by `srdfctl delivery retry " +
             flow + " --all`";
    case ErrorClass::kAuthorisation:
      return "renew the certificate or token that the message names; tried again by itself, or at once by "
             "`srdfctl delivery retry " +
             flow + " --all`";
    case ErrorClass::kFormat:
      return "check disk and memory of both hosts and what lies between them, then `srdfctl delivery retry " +
             flow + " --all` sends it again";
    case ErrorClass::kFunctional:
      return "mend what the message names, then `srdfctl delivery retry " + flow + " --all`";
    case ErrorClass::kBusy:
      return "the destination takes wagons again by itself; look at its inbox and the free space of its disk";
    case ErrorClass::kNone:
      break;
  }
  return {};
}

}  // namespace srdf::shipper
