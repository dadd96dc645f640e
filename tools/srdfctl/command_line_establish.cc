// The command that brings a target to where its flow can go on from.
#include "srdfctl/command_line.h"

namespace srdf::ctl {

void CommandLine::AddEstablish() {
  Parsed* p = &parsed_;
  EstablishOptions* o = &parsed_.establish;
  CLI::App* establish = Add(
      &app_, "establish",
      "copy the source's tables to the target while both are in use, or start from a backup",
      "  srdfctl establish shop                               what has to be done, table by table\n"
      "  srdfctl establish shop --yes                         do it, and show how far it is\n"
      "  srdfctl establish shop --watch                       look again; --pause, --resume, --cancel\n"
      "  srdfctl establish shop --compare                     the plan, with what a comparison finds\n"
      "  srdfctl establish shop --table app.orders --yes      copy a table of a running flow anew\n"
      "  srdfctl establish shop --from-gtid 0-1-100 --yes     the target is a restored backup\n"
      "The rows travel in the flow's own wagons, in chunks read without a lock, while the changes of the "
      "source\n"
      "go on. The copy goes on by itself over Ctrl-C and over a restart of anything; called again, the "
      "command\n"
      "follows the one that is going on. A backup's position is checked before it is believed, and every "
      "row\n"
      "after. Exit code 0: the target has everything; 1: not, or no longer followed; 2: bad command line.\n"
      "docs/operations/establish.md",
      [p, o](const GlobalOptions& global) {
        o->flow = p->flow;
        return Establish(global, *o);
      });
  AddFlowArgument(establish);
  establish->add_flag("--yes", o->yes, "do it; without, the plan alone is shown");
  CLI::Option* tables = establish->add_option("--table", o->tables,
                                              "of a flow that runs: this database.table; may be repeated");
  establish->add_flag("--all", o->all, "of a flow that runs: all tables anew")->excludes(tables);
  establish->add_flag("--compare", o->compare, "for the plan: compare the tables that both sides have");
  establish->add_flag(
      "--with-schema", o->with_schema,
      "create everything anew, also where nothing is missing: tables, views, routines, triggers, "
      "events; those that are there are dropped first");
  establish->add_option("--readers", o->readers, "connections that read the source at a time; default: 2")
      ->check(CLI::Range(1U, 16U));
  establish->add_option("--chunk-bytes", o->chunk_bytes, "of rows read at a time, 64kb to 64mb; default: 4mb")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(uint64_t{64} << 10, uint64_t{64} << 20));
  establish
      ->add_option("--source-threads", o->source_threads,
                   "the copy waits while more sessions than that are at work at the source; default: 8, or "
                   "four times the processors of capture's host")
      ->check(CLI::Range(1U, 100000U));
  establish->add_option("--max-rate", o->rows_per_second_max,
                        "rows per second on each side while comparing; default: no limit");
  establish->add_option("--reason", o->reason, "for the audit")->capture_default_str();
  CLI::Option* from =
      establish->add_option("--from-gtid", o->from_gtid,
                            "the target was restored from a backup of this GTID position, all domains");
  from->excludes(tables);
  CLI::Option* watch = establish->add_flag("--watch", o->watch, "follow the copy that is going on");
  CLI::Option* pause = establish->add_flag("--pause", o->pause, "read nothing more until --resume");
  CLI::Option* resume = establish->add_flag("--resume", o->resume, "end a pause");
  CLI::Option* cancel = establish->add_flag(
      "--cancel", o->cancel, "give the copy up: its tables are not right until they are copied again");
  for (CLI::Option* verb : {watch, pause, resume, cancel}) {
    verb->excludes(from)->excludes(tables);
    for (CLI::Option* other : {watch, pause, resume, cancel}) {
      if (other != verb) verb->excludes(other);
    }
  }
}

}  // namespace srdf::ctl
