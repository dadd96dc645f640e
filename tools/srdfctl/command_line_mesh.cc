// The commands about the mesh of this host, its flows, its configuration, and a server's log.
#include "srdfctl/command_line.h"

namespace srdf::ctl {

void CommandLine::AddMesh() {
  Parsed* p = &parsed_;
  CLI::App* up =
      Add(&app_, "up", "start and supervise every service of the mesh on this host",
          "  srdfctl up --config srdf.yaml             in the foreground; Ctrl-C stops it in order\n"
          "  srdfctl up --config srdf.yaml --detach    returns when every service is serving\n"
          "A mesh over two hosts has the same file on both (docs/operations/networks.md):\n"
          "  srdfctl up --site source --detach         there: capture, batcher, shipper, orchestrator\n"
          "  srdfctl up --site target --detach         here: receiver, applier",
          [p](const GlobalOptions& global) {
            p->up.timeout = std::chrono::seconds(p->up_timeout_seconds);
            p->up.restart_pause = std::chrono::milliseconds(p->up_restart_pause_ms);
            return Up(global, p->up);
          });
  up->add_flag("--detach", p->up.detach, "go into the background; logs go to DATA_DIR/log");
  up->add_option("--only", p->up.only, "these services alone, with commas: receiver,applier");
  up->add_option("--site", p->up.site, "the services of this side alone: source or target");
  up->add_option("--bin-dir", p->up.bin_dir, "where the services' programs are; default: beside srdfctl");
  up->add_option("--timeout", p->up_timeout_seconds, "with --detach: seconds to wait for the services")
      ->capture_default_str();
  up->add_option("--restart-pause-ms", p->up_restart_pause_ms,
                 "longest pause before a service that ended is started again")
      ->capture_default_str();

  CLI::App* down =
      Add(&app_, "down", "stop the mesh of this host in order; nothing happens when it does not run",
          "  srdfctl down --config srdf.yaml", [p](const GlobalOptions& global) {
            return Down(global, std::chrono::seconds(p->down_timeout_seconds));
          });
  down->add_option("--timeout", p->down_timeout_seconds, "seconds to wait for the end")
      ->capture_default_str();

  CLI::App* status = Add(&app_, "status", "where each flow stands: positions, lag, window, wagons, problems",
                         "  srdfctl status --flow shop\n"
                         "  srdfctl status --watch                    anew every second\n"
                         "  srdfctl status --output json | jq '.flows[].lag.seconds'\n"
                         "Exit code 1 when a flow is stopped or failed.",
                         [p](const GlobalOptions& global) { return ShowStatus(global, p->flow, p->watch); });
  AddFlowOption(status);
  status->add_flag("--watch", p->watch, "refresh every second until Ctrl-C");

  CLI::App* preflight =
      Add(&app_, "preflight", "ask source and target for wrong settings and missing privileges",
          "  srdfctl preflight --flow shop\n"
          "Needs no running mesh. Exit code 1 when something has to be changed first.",
          [p](const GlobalOptions& global) { return Preflight(global, p->flow); });
  AddFlowOption(preflight);

  Add(&app_, "version", "print the version", "  srdfctl version --output json", &Version);
}

void CommandLine::AddFlow() {
  Parsed* p = &parsed_;
  CLI::App* flow = AddGroup("flow", "list and steer flows");
  Add(flow, "list", "every flow in one line", "  srdfctl flow list", &FlowList);
  AddFlowArgument(Add(flow, "pause", "stop sending; wagons gather in the outbox, also over restarts",
                      "  srdfctl flow pause shop",
                      [p](const GlobalOptions& global) { return FlowPause(global, p->flow); }));
  CLI::App* resume =
      Add(flow, "resume", "end a pause or a stop; failed and dead-letter wagons are tried again",
          "  srdfctl flow resume shop\n"
          "  srdfctl flow resume shop --without-agreement     the destination is gone, and wagons are to be "
          "stored",
          [p](const GlobalOptions& global) { return FlowResume(global, p->flow, p->without_agreement); });
  AddFlowArgument(resume);
  resume->add_flag("--without-agreement", p->without_agreement,
                   "of a shipper that waits to hear whether the destination has a wagon more");
  AddFlowArgument(Add(flow, "seal", "seal the open window now; returns when the wagon is durable",
                      "  srdfctl flow seal shop",
                      [p](const GlobalOptions& global) { return FlowSeal(global, p->flow); }));
  AddFlowArgument(Add(flow, "show", "the settings that can be changed while the flow runs",
                      "  srdfctl flow show shop",
                      [p](const GlobalOptions& global) { return FlowShow(global, p->flow); }));
  CLI::App* set =
      Add(flow, "set", "change settings of a running flow; holds over restarts, audited",
          "  srdfctl flow set shop max_bytes_per_second=1MiB priority=7\n"
          "  srdfctl flow set shop max_bytes_per_second=default     as the configuration file says\n"
          "Effective within a second, also for a wagon that is being sent.",
          [p](const GlobalOptions& global) { return FlowSet(global, p->flow, p->settings); });
  AddFlowArgument(set);
  set->add_option("NAME=VALUE", p->settings, "max_bytes_per_second, priority")->required();
  CLI::App* merge = Add(
      flow, "merge", "compact the wagons that wait and were never sent once more, into fewer",
      "  srdfctl flow merge shop --dry-run         what it would save\n"
      "  srdfctl flow merge shop\n"
      "While the destination is away this happens by itself (outage_merge: auto); by hand it is for a\n"
      "flow that is paused, before it is resumed. The originals stay in the outbox for purge_after_days;\n"
      "the audit says who merged what. docs/operations/outages.md",
      [p](const GlobalOptions& global) { return FlowMerge(global, p->flow, p->dry_run); });
  AddFlowArgument(merge);
  merge->add_flag("--dry-run", p->dry_run, "only say what it would save");
  CLI::App* init =
      Add(flow, "init", "record where the flow starts, at the target",
          "  srdfctl flow init shop --position 0-1-100\n"
          "The position is the GTID position of the source at which the target's initial copy was taken:\n"
          "the copy has everything up to it, the flow brings everything after it. mariadb-dump\n"
          "--single-transaction --gtid --master-data=2 writes it as gtid_slave_pos, mariadb-backup into\n"
          "xtrabackup_binlog_info. Repeating it with the same position changes nothing.",
          [p](const GlobalOptions& global) { return FlowInit(global, p->flow, p->position); });
  AddFlowArgument(init);
  init->add_option("--position", p->position, "GTID position of the initial copy, all domains")->required();
}

void CommandLine::AddConfig() {
  CLI::App* config = AddGroup("config", "check and explain the configuration");
  Add(config, "check", "read the file as the services would, and the password files",
      "  srdfctl config check --config srdf.yaml", &ConfigCheck);
  Add(config, "settings", "every setting with type, default, bounds and what it trades, as Markdown",
      "  srdfctl config settings > docs/operations/settings.md", &ConfigSettings);
}

void CommandLine::AddBinlog() {
  binlog_file::DumpOptions* o = &parsed_.dump;
  CLI::App* binlog = AddGroup("binlog", "read binlog files of MariaDB and MySQL");
  CLI::App* dump = Add(
      binlog, "dump", "print a binlog file as JSON lines: a transaction per line, with its rows",
      "  srdfctl binlog dump /var/lib/mysql/binlog.000042\n"
      "  srdfctl binlog dump binlog.000042 --table shop.orders | jq '.changes[].after'\n"
      "  srdfctl binlog dump binlog.000042 --gtid 0-1-1005,0-1-1006\n"
      "  srdfctl binlog dump binlog.000042 --gtid 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5\n"
      "  srdfctl binlog dump binlog.000042 --events --from 31337 --limit 20\n"
      "Reads a copy as well as a file that its server is writing; needs no server and no configuration.\n"
      "A summary goes to stderr. Exit code 1 when the file is damaged, encrypted or cut; what was printed\n"
      "before is sound. docs/operations/binlog-dump.md describes the form.",
      [o](const GlobalOptions&) { return BinlogDump(*o); });
  dump->add_option("FILE", o->path, "a binlog or relay log file")->required();
  dump->add_option("--from", o->from, "offset of the first event; default: the file's beginning")
      ->check(CLI::Range(uint64_t{0}, uint64_t{1'000'000'000'000'000}));
  dump->add_option("--gtid", o->gtids, "these transactions only: MariaDB GTIDs, or a MySQL GTID set");
  dump->add_option("--table", o->table, "rows of this table only, as database.table");
  dump->add_option("--limit", o->limit, "stop after so many transactions, or events; 0: all")
      ->check(CLI::Range(uint64_t{0}, uint64_t{1'000'000'000'000'000}));
  dump->add_flag("--events", o->events, "an event per line, with everything that the log says of it");
}

}  // namespace srdf::ctl
