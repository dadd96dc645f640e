#include "model/wagon.h"

namespace srdf {

const char* SealReasonName(SealReason reason) {
  switch (reason) {
    case SealReason::kUnknown:
      return "unknown";
    case SealReason::kAdaptive:
      return "adaptive";
    case SealReason::kMaxEvents:
      return "max_events";
    case SealReason::kMaxBytes:
      return "max_bytes";
    case SealReason::kMaxAge:
      return "max_age";
    case SealReason::kOnCommit:
      return "on_commit";
    case SealReason::kManual:
      return "manual";
    case SealReason::kStatement:
      return "statement";
    case SealReason::kHugeTransaction:
      return "huge_transaction";
    case SealReason::kDrain:
      return "drain";
    case SealReason::kMerged:
      return "merged";
    case SealReason::kCopy:
      return "copy";
    case SealReason::kMark:
      return "mark";
    case SealReason::kBarrier:
      return "barrier";
  }
  return "unknown";
}

const char* CodecName(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return "none";
    case Codec::kZstd:
      return "zstd";
    case Codec::kGzip:
      return "gzip";
  }
  return "unknown";
}

}  // namespace srdf
