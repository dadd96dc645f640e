// Snapshots: where the snapshots of a service's flows come from. What SnapshotService (snapshot_service.h)
// asks of the service that hosts it: capture gives those of its source, the applier those of its target.
//
// Any thread. Unknown flows are kNotFound. Every snapshot that is handed out belongs to the caller.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "engine/snapshot.h"

namespace srdf::snapshot_service {

// How long a call may wait, and whether anybody still wants its answer. `cancelled` is cheap and may be asked
// from any thread; a wait asks it at least every 200 ms.
struct CallLimits {
  std::chrono::steady_clock::time_point deadline;
  std::function<bool()> cancelled;
};

class Snapshots {
 public:
  virtual ~Snapshots() = default;
  // Target: a snapshot is wanted at this mark; on return the mark may be put into the stream. Forgotten after
  // 10 minutes without a call. Source: kUnimplemented. Idempotent.
  virtual Status Expect(const std::string& flow, const std::string& mark) = 0;
  // Source: takes a snapshot and puts the mark into the stream at its place; returns when both is done, and
  // the mark is durable. kFailedPrecondition: the flow is not streaming; kUnavailable: the stream has ended
  // meanwhile, so that another mark is needed. Target: the snapshot that was taken when the mark was
  // applied, waiting for that; kNotFound: nobody expects this mark here (the service was started again, or it
  // is too long ago). Both: kDeadlineExceeded (ask again; nothing is lost by it), kCancelled; any other error
  // is the one with which the snapshot could not be taken. A snapshot is handed out once.
  virtual Result<std::unique_ptr<engine::Snapshot>> Open(const std::string& flow, const std::string& mark,
                                                         const CallLimits& limits) = 0;
  // Target: nobody will ask for this mark any more. Its snapshot is closed, or not taken at all. Idempotent;
  // nothing at a source.
  virtual void Forget(const std::string& /*flow*/, const std::string& /*mark*/) {}
  // Every few seconds. Target: forgets marks that nobody has asked for in 10 minutes.
  virtual void ForgetUnused() {}
  // A snapshot of the database as it is now, at no mark.
  virtual Result<std::unique_ptr<engine::Snapshot>> OpenNow(const std::string& flow) = 0;
  // "mariadb at 10.0.0.1:3306", for people.
  virtual std::string ServerName(const std::string& flow) = 0;
};

}  // namespace srdf::snapshot_service
