#include "capture/copy_plan.h"
#include "capture/copy_work.h"

namespace srdf::capture {

// The definitions are of some moment while they were read, and no position of the log says which. So they
// count only where no statement stands between the beginning of the read and the place where they go into the
// stream: then they are those of the place, too. Else they are read again.
Status CopySchema(const CopyContext& context, const CopyState& copy, std::vector<std::string>* remarks) {
  StreamGate* const gate = context.gate.get();
  const uint64_t statements = gate->statements();
  engine::SchemaRequest request;
  CopyState planned = copy;
  if (copy.all_tables) {
    // Tables may have come and gone since the copy was asked for; from here on the stream has those that
    // come.
    SRDF_ASSIGN_OR_RETURN(const auto keys, context.source->ForeignKeys());
    SRDF_ASSIGN_OR_RETURN(const auto snapshot, context.source->OpenSnapshot());
    SRDF_ASSIGN_OR_RETURN(const auto tables, snapshot->ListTables());
    SRDF_ASSIGN_OR_RETURN(planned, PlanCopy(copy.plan, tables, {}, keys));
    planned.started_at_ms = copy.started_at_ms;
  } else {
    for (const TableCopy& table : copy.tables) request.tables.push_back({table.database, table.table});
  }
  SRDF_ASSIGN_OR_RETURN(const engine::SchemaDump dump, context.source->ReadSchema(request));
  for (const auto* list : {&dump.left_out, &dump.doubts}) {
    for (const engine::SchemaRemark& remark : *list) remarks->push_back(remark.object + ": " + remark.what);
  }
  const auto unchanged = [&](std::optional<CopyState>* now) -> Status {
    if (!*now || (*now)->plan != copy.plan || (*now)->schema_done)
      return {StatusCode::kAborted, "the copy was changed while the tables' definitions were read"};
    if (gate->statements() != statements)
      return {StatusCode::kAborted, "a statement changed definitions while they were read"};
    return {};
  };
  SRDF_ASSIGN_OR_RETURN(const auto place, gate->PlaceAfter(dump.read_by, context.limits));
  for (const auto* list : {&dump.before_rows, &dump.after_rows}) {
    for (const Statement& statement : *list) {
      std::string body;
      EncodeStatement(statement, &body);
      std::string record;
      AppendRecord(RecordType::kStatement, body, &record);
      SRDF_RETURN_IF_ERROR(place->Send(record, unchanged, false, context.limits));
    }
  }
  return place->Send(
      {},
      [&](std::optional<CopyState>* now) -> Status {
        SRDF_RETURN_IF_ERROR(unchanged(now));
        const bool paused = (*now)->paused;
        *now = planned;
        (*now)->paused = paused;
        (*now)->schema_done = true;
        if ((*now)->tables.empty()) now->reset();
        return {};
      },
      true, context.limits);
}

}  // namespace srdf::capture
