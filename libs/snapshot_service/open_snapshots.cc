#include "snapshot_service/open_snapshots.h"

#include <algorithm>
#include <vector>

namespace srdf::snapshot_service {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLook{200};

}  // namespace

void OpenSnapshots::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { CloseIdle(stop); });
}

void OpenSnapshots::Stop() {
  Entries idle;  // destroyed without the lock: closing a connection may take a while
  {
    std::lock_guard lock(mu_);
    stopped_ = true;
    for (auto it = entries_.begin(); it != entries_.end();) {
      it->second->closing = true;
      if (!it->second->in_use)
        idle.insert(entries_.extract(it++));
      else
        ++it;
    }
    changed_.notify_all();
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Status OpenSnapshots::MakeRoom(const std::string& flow, std::shared_ptr<Entry>* closed) {
  size_t count = 0;
  auto idlest = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->first.first != flow) continue;
    ++count;
    if (it->second->in_use) continue;
    if (idlest == entries_.end() || it->second->used_at < idlest->second->used_at) idlest = it;
  }
  if (count < limits_.per_flow_max) return {};
  if (idlest == entries_.end()) {
    return {StatusCode::kResourceExhausted,
            "flow " + flow + " has " + std::to_string(count) + " snapshots open already, all in use",
            "wait until a comparison that is under way has ended"};
  }
  *closed = std::move(idlest->second);
  entries_.erase(idlest);
  return {};
}

Result<std::shared_ptr<OpenSnapshots::Entry>> OpenSnapshots::Take(std::unique_lock<std::mutex>* lock,
                                                                  const Name& name,
                                                                  const CallLimits& limits) {
  while (true) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second->closing) return std::shared_ptr<Entry>();
    if (!found->second->in_use) {
      found->second->in_use = true;
      return found->second;
    }
    if (limits.cancelled && limits.cancelled())
      return Status(StatusCode::kCancelled, "the call was given up");
    if (Clock::now() >= limits.deadline) {
      return Status(StatusCode::kDeadlineExceeded, "another call uses the snapshot still");
    }
    changed_.wait_for(*lock, kLook);
  }
}

Result<SourcePosition> OpenSnapshots::Open(const std::string& flow, const std::string& mark,
                                           const CallLimits& limits) {
  const Name name(flow, mark);
  std::shared_ptr<Entry> evicted;
  const auto entry = std::make_shared<Entry>();
  {
    std::unique_lock lock(mu_);
    if (stopped_) return Status(StatusCode::kUnavailable, "the service is being stopped");
    SRDF_ASSIGN_OR_RETURN(const auto there, Take(&lock, name, limits));
    if (there != nullptr) {
      SourcePosition position = there->snapshot->position();
      lock.unlock();
      GiveBack(name, there.get());
      return position;
    }
    SRDF_RETURN_IF_ERROR(MakeRoom(flow, &evicted));
    entries_[name] = entry;
  }
  evicted.reset();
  auto snapshot = source_->Open(flow, mark, limits);
  if (!snapshot.ok()) {
    std::lock_guard lock(mu_);
    const auto mine = entries_.find(name);
    if (mine != entries_.end() && mine->second == entry) entries_.erase(mine);
    changed_.notify_all();
    return snapshot.status();
  }
  SourcePosition position = (*snapshot)->position();
  {
    std::lock_guard lock(mu_);
    entry->snapshot = std::move(*snapshot);
  }
  GiveBack(name, entry.get());
  return position;
}

Result<OpenSnapshots::Lease> OpenSnapshots::Use(const std::string& flow, const std::string& mark,
                                                const CallLimits& limits) {
  const Name name(flow, mark);
  std::unique_lock lock(mu_);
  SRDF_ASSIGN_OR_RETURN(auto entry, Take(&lock, name, limits));
  if (entry == nullptr) {
    return Status(StatusCode::kNotFound, "flow " + flow + " has no snapshot open at mark " + mark,
                  "open a new pair of snapshots");
  }
  return Lease(this, name, std::move(entry));
}

void OpenSnapshots::GiveBack(const Name& name, Entry* entry) {
  std::shared_ptr<Entry> closed;
  std::lock_guard lock(mu_);
  entry->in_use = false;
  entry->used_at = Clock::now();
  if (entry->closing) {
    const auto found = entries_.find(name);
    if (found != entries_.end() && found->second.get() == entry) {
      closed = std::move(found->second);
      entries_.erase(found);
    }
  }
  changed_.notify_all();
}

void OpenSnapshots::Close(const std::string& flow, const std::string& mark) {
  std::shared_ptr<Entry> closed;
  {
    std::lock_guard lock(mu_);
    const auto found = entries_.find({flow, mark});
    if (found != entries_.end()) {
      found->second->closing = true;
      if (!found->second->in_use) {
        closed = std::move(found->second);
        entries_.erase(found);
      }
    }
  }
  source_->Forget(flow, mark);
}

void OpenSnapshots::CloseIdle(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<std::shared_ptr<Entry>> closed;
    source_->ForgetUnused();
    {
      std::unique_lock lock(mu_);
      changed_.wait_for(lock, stop, std::min(limits_.idle_max / 4, std::chrono::milliseconds(5000)),
                        [&] { return stop.stop_requested(); });
      const auto oldest = Clock::now() - limits_.idle_max;
      for (auto it = entries_.begin(); it != entries_.end();) {
        if (!it->second->in_use && it->second->used_at <= oldest) {
          closed.push_back(std::move(it->second));
          it = entries_.erase(it);
        } else {
          ++it;
        }
      }
    }
  }
}

}  // namespace srdf::snapshot_service
