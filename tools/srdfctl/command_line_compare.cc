// The commands that compare source and target, and mend what differs.
#include "srdfctl/command_line.h"

namespace srdf::ctl {

void CommandLine::AddVerify() {
  Parsed* p = &parsed_;
  VerifyOptions* o = &parsed_.verify;
  CLI::App* verify = Add(
      &app_, "verify", "compare source and target row by row, while both are in use",
      "  srdfctl verify shop                                  all tables\n"
      "  srdfctl verify shop --table app.orders --report orders.json\n"
      "  srdfctl verify shop --range app.orders:1..100000\n"
      "  srdfctl verify shop --watch --every 6h               again and again; see the metrics\n"
      "  srdfctl verify shop --max-rate 20000                 rows per second on each side\n"
      "Both sides are read in snapshots of one and the same place of the source's log: every difference is\n"
      "real, and none is lag. Exit code 0: equal; 1: differences; 2: could not be compared.",
      [p, o](const GlobalOptions& global) {
        o->flow = p->flow;
        return Verify(global, *o);
      });
  AddFlowArgument(verify);
  verify->add_option("--table", o->tables, "database.table; may be repeated");
  verify->add_option("--range", o->ranges,
                     "database.table:FROM..TO of a table's key, both included; either may be left out");
  verify->add_flag("--watch", o->watch, "compare again and again until Ctrl-C");
  verify->add_option("--every", o->every_seconds, "with --watch: how often, 90s, 10min, 6h")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, uint64_t>{{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}},
          CLI::AsNumberWithUnit::CASE_SENSITIVE))
      ->default_str("1h");
  verify->add_option("--max-rate", o->rows_per_second_max, "rows per second on each side; default: no limit");
  verify->add_option("--report", o->report, "write all of what differs to this file, for srdfctl repair");
}

void CommandLine::AddRepair() {
  Parsed* p = &parsed_;
  RepairOptions* o = &parsed_.repair;
  CLI::App* repair =
      Add(&app_, "repair", "make rows of the target that differ like the source's; audited",
          "  srdfctl repair shop --from-report orders.json --dry-run\n"
          "  srdfctl repair shop --from-report orders.json --reason \"disk fault, ticket 815\"\n"
          "  srdfctl repair shop --table app.orders --yes --undo before.jsonl\n"
          "Looks first what differs still, keeps the target's rows in the undo file, reads the rows at the\n"
          "source and sends them through the flow as ordinary wagons, and compares them again. Exit code 0:\n"
          "they are equal now; 1: not all; 2: not done.",
          [p, o](const GlobalOptions& global) {
            o->flow = p->flow;
            if (o->report.empty() == o->tables.empty()) {
              Fail({StatusCode::kInvalidArgument, "say what is to be repaired",
                    "either --from-report FILE or --table database.table"});
              return kExitBadConfiguration;
            }
            return Repair(global, *o);
          });
  AddFlowArgument(repair);
  repair->add_option("--from-report", o->report, "a file of srdfctl verify --report");
  repair->add_option("--table", o->tables, "compare this table now and repair it; may be repeated");
  repair->add_flag("--dry-run", o->dry_run, "show what would be done to each row");
  repair->add_flag("--yes", o->yes, "do not ask");
  repair->add_option("--undo", o->undo,
                     "where to keep the target's rows; default: srdf-undo-FLOW-TIME.jsonl");
  repair->add_option("--reason", o->reason, "for the audit")->capture_default_str();
  repair->add_option("--max-rate", o->rows_per_second_max, "rows per second on each side; default: no limit");
}

}  // namespace srdf::ctl
