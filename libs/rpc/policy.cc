#include "rpc/policy.h"

#include <algorithm>
#include <array>

namespace srdf::rpc {

namespace {

constexpr std::array<std::string_view, 8> kCallerNames = {"capture", "batcher",      "shipper",  "receiver",
                                                          "applier", "orchestrator", "operator", "viewer"};

constexpr Callers Bit(std::string_view name) {
  for (size_t i = 0; i < kCallerNames.size(); ++i) {
    if (kCallerNames[i] == name) return 1u << i;
  }
  return 0;
}

constexpr Callers kOperates = Bit("operator");
// Whoever may look; the orchestrator decides by what it sees.
constexpr Callers kLooks = Bit("operator") | Bit("viewer") | Bit("orchestrator");
constexpr Callers kEverybody = (1u << kCallerNames.size()) - 1;

}  // namespace

const std::vector<MethodRule>& AllRules() {
  static const std::vector<MethodRule> rules = {
      // The way of a change.
      {"/srdf.batcher.v1.BatcherService/Feed", Bit("capture"), false},
      {"/srdf.shipper.v1.ShipperService/Store", Bit("batcher"), false},
      {"/srdf.shipper.v1.ShipperService/GetUnsentTail", Bit("batcher"), false},
      {"/srdf.receiver.v1.ReceiverService/Deliver", Bit("shipper"), true},
      {"/srdf.receiver.v1.ReceiverService/Take", Bit("applier"), true},

      // Looking. ReadWagon and ListWagons show rows and keys to whoever has the key ring: viewers may.
      {"/srdf.capture.v1.CaptureService/GetStatus", kLooks, false},
      {"/srdf.batcher.v1.BatcherService/GetStatus", kLooks, false},
      {"/srdf.shipper.v1.ShipperService/GetStatus", kLooks, false},
      {"/srdf.shipper.v1.ShipperService/ListWagons", kLooks, false},
      // The batcher reads what it merges.
      {"/srdf.shipper.v1.ShipperService/ReadWagon", kLooks | Bit("batcher"), false},
      {"/srdf.shipper.v1.ShipperService/ListDeliveries", kLooks, false},
      {"/srdf.shipper.v1.DeadLetterService/ListDeadLetters", kLooks, false},
      {"/srdf.shipper.v1.DeadLetterService/ListAudit", kLooks, false},
      {"/srdf.receiver.v1.ReceiverService/GetStatus", kLooks, false},
      // The applier asks whether a wagon was skipped meanwhile.
      {"/srdf.receiver.v1.ReceiverService/ListWagons", kLooks | Bit("applier"), false},
      {"/srdf.receiver.v1.InboxService/ReadWagon", kLooks, false},
      {"/srdf.receiver.v1.ReceiverService/GetReadiness", kLooks | Bit("shipper"), false},
      {"/srdf.receiver.v1.ReceiverService/ListRefusals", kLooks, false},
      {"/srdf.applier.v1.ApplierService/GetStatus", kLooks, false},
      {"/srdf.orchestrator.v1.OrchestratorService/GetInventory", kLooks, false},
      {"/srdf.orchestrator.v1.OrchestratorService/GetMeshHealth", kLooks, false},
      {"/srdf.capture.v1.CaptureService/Preflight", kLooks, false},
      {"/srdf.applier.v1.ApplierService/Preflight", kLooks, false},

      // Reading the tables themselves: operators alone.
      {"/srdf.snapshot.v1.SnapshotService/Expect", kOperates, false},
      {"/srdf.snapshot.v1.SnapshotService/Open", kOperates, false},
      {"/srdf.snapshot.v1.SnapshotService/ListTables", kOperates, false},
      {"/srdf.snapshot.v1.SnapshotService/Digest", kOperates, false},
      {"/srdf.snapshot.v1.SnapshotService/ReadRows", kOperates, false},
      {"/srdf.snapshot.v1.SnapshotService/Close", kOperates, false},
      {"/srdf.capture.v1.CopyService/GetCopy", kLooks, false},

      // Steering.
      {"/srdf.capture.v1.CopyService/StartCopy", kOperates, false},
      {"/srdf.capture.v1.CopyService/PauseCopy", kOperates, false},
      {"/srdf.capture.v1.CopyService/ResumeCopy", kOperates, false},
      {"/srdf.capture.v1.CopyService/SetCopyOptions", kOperates, false},
      {"/srdf.capture.v1.CopyService/CancelCopy", kOperates, false},
      {"/srdf.capture.v1.CopyService/CopyRows", kOperates, false},
      {"/srdf.capture.v1.CaptureService/ResumeFlow", kOperates, false},
      {"/srdf.batcher.v1.BatcherService/SealFlow", kOperates, false},
      {"/srdf.batcher.v1.BatcherService/MergeFlow", kOperates, false},
      {"/srdf.shipper.v1.ShipperService/PauseFlow", kOperates, false},
      {"/srdf.shipper.v1.ShipperService/SetFlowSettings", kOperates, false},
      {"/srdf.shipper.v1.ShipperService/RetryDelivery", kOperates, false},
      {"/srdf.shipper.v1.ShipperService/ResumeFlow", kOperates, false},
      {"/srdf.shipper.v1.DeadLetterService/SkipDeadLetter", kOperates, false},
      {"/srdf.shipper.v1.DeadLetterService/RetryDeadLetter", kOperates, false},
      {"/srdf.shipper.v1.DeadLetterService/AcknowledgeSkips", kOperates, false},
      {"/srdf.shipper.v1.DeadLetterService/AddAudit", kOperates, false},
      {"/srdf.applier.v1.ApplierService/ResumeFlow", kOperates, false},
      {"/srdf.applier.v1.ApplierService/RecordVerification", kOperates, false},

      // The standard services of every server.
      {"/grpc.health.v1.Health/Check", kEverybody, false},
      {"/grpc.health.v1.Health/Watch", kEverybody, false},
      {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", kLooks, false},
  };
  return rules;
}

const MethodRule* FindRule(std::string_view method) {
  const std::vector<MethodRule>& rules = AllRules();
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const MethodRule& rule) { return rule.method == method; });
  return found == rules.end() ? nullptr : &*found;
}

Callers BitOf(const pki::Identity& identity) {
  // A service named "operator" is not the role.
  const bool is_role = identity.name == pki::kOperator || identity.name == pki::kViewer;
  return is_role == (identity.kind == pki::IdentityKind::kRole) ? Bit(identity.name) : 0;
}

std::string CallersText(Callers callers) {
  std::string text;
  for (std::string_view name : kCallerNames) {
    if ((callers & Bit(name)) == 0) continue;
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace srdf::rpc
