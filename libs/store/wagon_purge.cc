#include "store/wagon_purge.h"

#include <thread>
#include <vector>

#include "store/wagon_rows.h"

namespace srdf::store {
namespace {

constexpr uint32_t kChunksPerStep = 16;  // up to 16 MiB of freed pages in a transaction

struct Step {
  uint64_t wagons = 0;
  bool more = false;
};

Step PurgeStep(Connection& connection, std::string_view candidates_sql, const std::string& flow,
               int64_t before_ms) {
  std::vector<int64_t> ids;
  {
    Query q(connection, candidates_sql, flow, before_ms);
    while (q.Step()) ids.push_back(q.I64(0));
  }
  Step step;
  uint32_t budget = kChunksPerStep;
  for (const int64_t id : ids) {
    uint32_t chunks = 0;
    {
      Query q(connection, "SELECT count(*) FROM wagon_chunk WHERE wagon_id = ?", id);
      if (q.Step()) chunks = static_cast<uint32_t>(q.U64(0));
    }
    if (chunks > budget && step.wagons > 0) break;  // a step of its own
    const bool emptied = DeleteChunks(connection, id, kChunksPerStep);
    if (!emptied) {
      Query(connection, "UPDATE wagon SET payload_present = 0 WHERE wagon_id = ?", id).Run();
      return {step.wagons, true};
    }
    Query(connection, "DELETE FROM wagon WHERE wagon_id = ?", id).Run();
    ++step.wagons;
    budget -= std::min(budget, chunks);
  }
  step.more = !ids.empty();
  return step;
}

}  // namespace

Result<uint64_t> PurgeWagons(QueueDatabase& db, std::string_view candidates_sql, const std::string& flow,
                             int64_t before_ms) {
  uint64_t purged = 0;
  for (;;) {
    SRDF_ASSIGN_OR_RETURN(const Step step,
                          db.Write(Durability::kDisk, [&](Connection& connection) -> Result<Step> {
                            return PurgeStep(connection, candidates_sql, flow, before_ms);
                          }));
    purged += step.wagons;
    if (!step.more) break;
    SRDF_FAILPOINT("store.inside_purge");
    std::this_thread::yield();
  }
  SRDF_RETURN_IF_ERROR(db.ReleaseFreePages());
  return purged;
}

}  // namespace srdf::store
