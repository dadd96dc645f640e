// DifferentialRun: one scenario through source, product and native replica, compared after every wagon.
//
// Who judges: the source, whenever everything it has logged was applied; the native replica, stopped where
// the wagon ends, after the wagons in between. A difference from the replica alone counts when the replica
// turns out equal to the source at the next meeting; when it does not, MariaDB itself cannot repeat this log
// and the scenario proves nothing (kUnrepeatable). One object per scenario; one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "differential/native_replica.h"
#include "differential/outcome.h"
#include "differential/pipeline.h"
#include "differential/run_options.h"
#include "differential/scenario.h"
#include "differential/scenario_player.h"
#include "differential/server_contents.h"
#include "differential/server_set.h"

namespace srdf::differential {

class DifferentialRun {
 public:
  DifferentialRun(ServerSet* servers, const Scenario& scenario, const RunOptions& options,
                  GroupHook hook = nullptr);
  Outcome Run();

 private:
  // Each returns false when the run is over; `outcome_` then says why.
  bool Begin();
  bool PlayAll();
  bool NoteCut();
  bool Capture();
  bool JudgeError(const Status& error);
  bool Over(Verdict verdict, const std::string& kind, const std::string& text);
  bool Broken(const Status& status);

  Status OnWagon(const WagonHeader& header);
  Status Compare(const std::string& where, bool with_source);
  // Nothing to say yet, or the run is over.
  void MeetSource(const std::string& where, const Contents& source, const Contents* replica,
                  const std::vector<const Contents*>& targets);
  void ForgetDefinitions();
  std::string TargetName(size_t i) const;

  ServerSet* const servers_;
  const Scenario& scenario_;
  const RunOptions options_;
  ScenarioPlayer player_;
  Pipeline pipeline_;
  NativeReplica replica_;
  ServerContents source_contents_;
  ServerContents replica_contents_;
  std::vector<std::unique_ptr<ServerContents>> target_contents_;

  Outcome outcome_;
  bool over_ = false;
  std::string position_;            // of the source, as last asked
  std::vector<std::string> ahead_;  // wagon ends that capture has not seen
  uint64_t cuts_ = 0;
  std::string replica_error_;  // not empty: the replica has stopped, for good
  std::string suspect_kind_;   // a difference from the replica that the source has yet to confirm
  std::string suspect_text_;
};

}  // namespace srdf::differential
