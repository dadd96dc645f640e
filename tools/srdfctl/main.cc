// The command line: options, subcommands, examples. What a command does is in its own file.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "srdfctl/commands.h"
#include "srdfctl/key_commands.h"

namespace srdf::ctl {
namespace {

struct Parsed {
  std::string config;
  std::string output = "table";
  UpOptions up;
  uint32_t up_timeout_seconds = 60;
  uint32_t up_restart_pause_ms = 5000;
  uint32_t down_timeout_seconds = 150;
  std::string data_dir;
  std::string flow;
  std::string uid;
  std::string json_view;
  std::string position;
  DeliveryListOptions deliveries;
  std::string delivery;
  uint64_t sequence = 0;
  bool all = false;
  std::string reason;
  std::string which;
  bool yes = false;
  uint32_t limit = 20;
  uint32_t refused_limit = 50;
  std::vector<std::string> settings;
  bool watch = false;
  bool dry_run = false;
  bool merged = false;
  binlog_file::DumpOptions dump;
  KeyOptions key;
  CertDevOptions cert;
};

using Run = std::function<int(const GlobalOptions&)>;

class CommandLine {
 public:
  CommandLine() : app_("srdfctl: starts, watches and steers an SRDF replication mesh", "srdfctl") {
    app_.fallthrough();  // so that --config and --output may stand behind the command
    app_.require_subcommand(1);
    app_.add_option(
        "--config", parsed_.config,
        "the mesh's YAML file; default: $SRDF_CONFIG, else ./srdf.yaml, else /etc/srdf/srdf.yaml");
    app_.add_option("--data-dir", parsed_.data_dir,
                    "overrides data_dir of the configuration: for a mesh that was started with it");
    app_.add_option("--output", parsed_.output, "table for people, json for scripts")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
    app_.set_version_flag("--version", "srdfctl " SRDF_VERSION);
    app_.footer(
        "Examples:\n"
        "  srdfctl preflight --config srdf.yaml      what has to be changed at source and target\n"
        "  srdfctl up --config srdf.yaml --detach    start the mesh on this host\n"
        "  srdfctl status --watch                    see it work\n"
        "Exit codes: 0 done, 1 failed, 2 bad command line or configuration.");
    AddMesh();
    AddWagon();
    AddDelivery();
    AddFlow();
    AddKey();
    AddCert();
    AddDeadLetter();
    AddConfig();
    AddBinlog();
  }

  int Main(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
        return app_.exit(e);  // --help, --version
      return Explain(e);
    }
    return run_({FindConfigPath(parsed_.config), parsed_.output == "json", parsed_.data_dir});
  }

 private:
  int Explain(const CLI::ParseError& e) const {
    const std::vector<std::string> unknown = app_.remaining(true);
    const std::string what = unknown.empty() ? e.what() : "there is no command or option " + unknown.front();
    Fail({StatusCode::kInvalidArgument, what,
          "srdfctl --help lists the commands, srdfctl COMMAND --help its options"});
    return kExitBadConfiguration;
  }

  // A command that is run with what was parsed.
  CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& what,
                const std::string& examples, Run run) {
    CLI::App* command = parent->add_subcommand(name, what);
    command->footer("Examples:\n" + examples);
    command->callback([this, run = std::move(run)] { run_ = run; });
    return command;
  }
  CLI::App* AddGroup(const std::string& name, const std::string& what) {
    CLI::App* group = app_.add_subcommand(name, what);
    group->require_subcommand(1);
    return group;
  }
  void AddFlowOption(CLI::App* command) { command->add_option("--flow", parsed_.flow, "this flow only"); }
  void AddFlowArgument(CLI::App* command) {
    command->add_option("FLOW", parsed_.flow, "name of the flow")->required();
  }

  void AddMesh() {
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

    CLI::App* status =
        Add(&app_, "status", "where each flow stands: positions, lag, window, wagons, problems",
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

  void AddWagon() {
    Parsed* p = &parsed_;
    CLI::App* wagon = AddGroup("wagon", "wagons in the outbox");
    CLI::App* list =
        Add(wagon, "list", "the newest wagons, newest first",
            "  srdfctl wagon list --flow shop --limit 50\n"
            "  srdfctl wagon list --output json | jq -r '.wagons[].uid'\n"
            "  srdfctl wagon list --merged      those that were merged into others while they waited",
            [p](const GlobalOptions& global) { return WagonList(global, p->flow, p->limit, p->merged); });
    AddFlowOption(list);
    list->add_flag("--merged", p->merged, "wagons that were merged into others instead");
    list->add_option("--limit", p->limit, "at most this many per flow")
        ->check(CLI::Range(1u, 1'000'000u))
        ->capture_default_str();
    CLI::App* refused =
        Add(wagon, "refused", "what the target site did not accept: damaged, lost, repeated, forked wagons",
            "  srdfctl wagon refused --flow shop --limit 20\n"
            "  srdfctl wagon refused --output json | jq '.refusals[] | select(.reason == \"tampered\")'\n"
            "The reasons are explained in docs/formats/delivery-protocol.md; counts since ever are in the "
            "status.",
            [p](const GlobalOptions& global) { return WagonRefused(global, p->flow, p->refused_limit); });
    AddFlowOption(refused);
    refused->add_option("--limit", p->refused_limit, "at most this many per flow; 1000 are kept")
        ->check(CLI::Range(1u, 1000u))
        ->capture_default_str();
    CLI::App* show =
        Add(wagon, "show", "one wagon: header, tables before and after compaction, attempts",
            "  srdfctl wagon show 3f9c2a\n"
            "  srdfctl wagon show 3f9c2a --json rows     every row as a line of JSON\n"
            "Rows of an encrypted wagon are shown with the key ring of this host (srdfctl key list).",
            [p](const GlobalOptions& global) { return WagonShow(global, p->uid, !p->json_view.empty()); });
    show->add_option("UID", p->uid, "the wagon's uid, or its first digits")->required();
    show->add_option("--json", p->json_view, "rows: print the wagon's contents")
        ->check(CLI::IsMember({"rows"}));
  }

  void AddDelivery() {
    Parsed* p = &parsed_;
    DeliveryListOptions* o = &parsed_.deliveries;
    CLI::App* delivery = AddGroup("delivery", "the ways of wagons to the destination, and their attempts");
    CLI::App* list =
        Add(delivery, "list", "deliveries, newest first: status, attempts, what they wait for",
            "  srdfctl delivery list --flow shop --status retry --status dead_letter\n"
            "  srdfctl delivery list --class network --attempts\n"
            "  srdfctl delivery list --output json | jq '.deliveries[] | {sequence, status, error}'",
            [o](const GlobalOptions& global) { return DeliveryList(global, *o); });
    list->add_option("--flow", o->flow, "this flow only");
    list->add_option("--status", o->statuses, "these statuses only (docs/operations/delivery.md)");
    list->add_option("--class", o->error_class, "this class of errors only")
        ->check(CLI::IsMember({"network", "busy", "format", "crypto", "authorisation", "functional"}));
    list->add_flag("--attempts", o->attempts, "every attempt too");
    list->add_option("--limit", o->limit, "at most this many per flow")
        ->check(CLI::Range(1u, 1000u))
        ->capture_default_str();
    CLI::App* show = Add(delivery, "show", "one delivery with every attempt: where, how long, bytes, error",
                         "  srdfctl delivery show shop/812",
                         [p](const GlobalOptions& global) { return DeliveryShow(global, p->delivery); });
    show->add_option("FLOW/SEQUENCE", p->delivery, "the wagon's flow and sequence")->required();
    CLI::App* retry = Add(delivery, "retry",
                          "try now what waits, failed or was given up; its schedule begins again; audited",
                          "  srdfctl delivery retry shop 812 --reason \"the missing table was made\"\n"
                          "  srdfctl delivery retry shop --all\n"
                          "May be repeated: what does not wait stays as it is.",
                          [p](const GlobalOptions& global) {
                            if ((p->sequence == 0) == !p->all) {
                              Fail({StatusCode::kInvalidArgument, "name one wagon, or all of them",
                                    "srdfctl delivery retry " + p->flow + " 812, or --all"});
                              return kExitBadConfiguration;
                            }
                            return DeliveryRetry(global, p->flow, p->sequence, p->reason);
                          });
    AddFlowArgument(retry);
    retry->add_option("SEQUENCE", p->sequence, "one wagon");
    retry->add_flag("--all", p->all, "all of the flow");
    retry->add_option("--reason", p->reason, "for the audit");
  }

  void AddFlow() {
    Parsed* p = &parsed_;
    CLI::App* flow = AddGroup("flow", "list and steer flows");
    Add(flow, "list", "every flow in one line", "  srdfctl flow list", &FlowList);
    AddFlowArgument(Add(flow, "pause", "stop sending; wagons gather in the outbox, also over restarts",
                        "  srdfctl flow pause shop",
                        [p](const GlobalOptions& global) { return FlowPause(global, p->flow); }));
    AddFlowArgument(Add(flow, "resume",
                        "end a pause or a stop; failed and dead-letter wagons are tried again",
                        "  srdfctl flow resume shop",
                        [p](const GlobalOptions& global) { return FlowResume(global, p->flow); }));
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

  void AddKey() {
    KeyOptions* o = &parsed_.key;
    CLI::App* key = AddGroup("key", "the keys that wagons are encrypted with");
    Add(key, "list", "every key with its state and fingerprint",
        "  srdfctl key list\n"
        "Equal fingerprints at both sites are equal keys. No command shows a key itself.",
        &KeyList);
    CLI::App* add =
        Add(key, "add", "add a key: the first of a new ring is active, another one stands by",
            "  srdfctl key add                           a random key, with an id of its own\n"
            "  srdfctl key add --id blue --from key.hex  64 hex digits, or the base64 of 32 bytes\n"
            "  openssl rand -hex 32 | srdfctl key add --id blue --from -\n"
            "A standby key opens wagons. Copy the ring to every site, then make the key active: srdfctl key "
            "rotate.",
            [o](const GlobalOptions& global) { return KeyAdd(global, *o); });
    add->add_option("--id", o->id, "name of the key; default: the day and random digits");
    add->add_option("--from", o->from, "file with the key, or - for standard input; default: a random key");
    CLI::App* rotate =
        Add(key, "rotate", "make another key active; the one before is retired and can still open wagons",
            "  srdfctl key rotate                        to a new random key: for a mesh on one host\n"
            "  srdfctl key rotate --to k-20261121-5fe3a9 to a standby key that every site has\n"
            "The batcher seals with it from the next wagon on; nothing is restarted.",
            [o](const GlobalOptions& global) { return KeyRotate(global, *o); });
    rotate->add_option("--to", o->id, "a standby key; default: a new one");
    CLI::App* retire = Add(key, "retire", "a standby key that is not to become active",
                           "  srdfctl key retire blue\nThe active key is retired by rotating to another one.",
                           [o](const GlobalOptions& global) { return KeyRetire(global, *o); });
    retire->add_option("KEY", o->id, "id of the key")->required();
    CLI::App* remove = Add(key, "remove", "forget a retired key for good: its wagons can never be read again",
                           "  srdfctl key remove blue --force           refused while outbox or inbox hold a "
                           "wagon that needs it\n"
                           "  srdfctl key remove blue --force --force   those wagons are given up",
                           [o](const GlobalOptions& global) { return KeyRemove(global, *o); });
    remove->add_option("KEY", o->id, "id of the key")->required();
    remove->add_flag("--force", o->force,
                     "no wagon that is still wanted was sealed with it; twice: whatever was");
  }

  void AddCert() {
    Parsed* p = &parsed_;
    CLI::App* cert = AddGroup("cert", "certificates and tokens of the mesh");
    CLI::App* dev = Add(
        cert, "dev", "make or renew a development authority, all certificates and tokens",
        "  srdfctl cert dev                                 what is sound is kept\n"
        "  srdfctl cert dev --host db1.example --renew      everything anew; running services follow\n"
        "  srdfctl cert dev --new-authority                 trust old and new, issue by the new one\n"
        "  srdfctl cert dev --drop-old-authorities          then trust the new one alone\n"
        "For one host and for trying out: the authority's key lies beside the certificates. Between sites\n"
        "use your own authority: docs/operations/security.md.",
        [p](const GlobalOptions& global) { return CertDev(global, p->cert); });
    dev->add_option("--dir", p->cert.dir, "default: security.dir of the configuration");
    dev->add_option("--host", p->cert.hosts, "host name or address for tools that verify them; repeatable");
    dev->add_option("--days", p->cert.days, "how long certificates are valid")
        ->check(CLI::Range(1u, 1825u))
        ->capture_default_str();
    dev->add_flag("--renew", p->cert.renew, "renew certificates that are sound, too");
    dev->add_flag("--new-authority", p->cert.new_authority, "make a new authority beside the old one");
    dev->add_flag("--drop-old-authorities", p->cert.drop_old_authorities,
                  "trust only the authority that issues");
    dev->add_flag("--rotate-tokens", p->cert.rotate_tokens,
                  "new tokens; the ones before stay good until the next rotation");
    Add(cert, "check", "every file: dates, chain, key, names, and what is wrong with it",
        "  srdfctl cert check\n"
        "  srdfctl cert check --output json | jq '.files[] | select(.state != \"good\")'\n"
        "Needs no running mesh. Exit code 1 when a file that is there cannot be used.",
        &CertCheck);
  }

  void AddDeadLetter() {
    Parsed* p = &parsed_;
    CLI::App* group =
        AddGroup("deadletter", "wagons that are not tried again by themselves, and stop their flow");
    CLI::App* list =
        Add(group, "list", "dead letters, and skipped wagons until they are acknowledged",
            "  srdfctl deadletter list --flow shop\n"
            "  srdfctl deadletter list --all --output json | jq '.dead_letters[].error'",
            [p](const GlobalOptions& global) { return DeadLetterList(global, p->flow, p->all); });
    AddFlowOption(list);
    list->add_flag("--all", p->all, "those that are resolved too");
    CLI::App* show =
        Add(group, "show", "one dead letter: why, what it holds, every attempt, what to do",
            "  srdfctl deadletter show shop 4711\n"
            "  srdfctl deadletter show shop 3f9c2a1b",
            [p](const GlobalOptions& global) { return DeadLetterShow(global, p->flow, p->which); });
    AddFlowArgument(show);
    show->add_option("WAGON", p->which, "its sequence, or the first digits of its uid")->required();
    CLI::App* retry =
        Add(group, "retry", "try again now what was mended; audited",
            "  srdfctl deadletter retry shop 4711\n"
            "  srdfctl deadletter retry shop                 everything of the flow that is held up",
            [p](const GlobalOptions& global) { return DeadLetterRetry(global, p->flow, p->sequence); });
    AddFlowArgument(retry);
    retry->add_option("SEQ", p->sequence, "sequence of the wagon; default: all");
    CLI::App* skip =
        Add(group, "skip", "give a wagon up: the flow goes on, and the target lacks its changes for good",
            "  srdfctl deadletter skip shop 4711 --reason \"row mended by hand, ticket 815\"\n"
            "Shows what the target will lack and asks for the flow's name, unless --yes. Only the next wagon "
            "to be\n"
            "applied can be skipped, when it is a dead letter or the target cannot apply it. Who, why and "
            "when are\n"
            "kept in the outbox (srdfctl audit list), the inbox and the target (srdf.skipped_wagon).",
            [p](const GlobalOptions& global) {
              return DeadLetterSkip(global, p->flow, p->sequence, p->reason, p->yes);
            });
    AddFlowArgument(skip);
    skip->add_option("SEQ", p->sequence, "sequence of the wagon")->required();
    skip->add_option("--reason", p->reason, "why the target may do without it")->required();
    skip->add_flag("--yes", p->yes, "do not ask");
    AddFlowArgument(Add(group, "ack", "take note of what the target lacks; status shows it no longer",
                        "  srdfctl deadletter ack shop",
                        [p](const GlobalOptions& global) { return DeadLetterAck(global, p->flow); }));

    CLI::App* audit = AddGroup("audit", "decisions of operators, and of the mesh where it gave something up");
    CLI::App* audit_list =
        Add(audit, "list", "who decided what and why, newest first",
            "  srdfctl audit list --flow shop --limit 100\n"
            "  srdfctl audit list --output json | jq '.entries[].reason'",
            [p](const GlobalOptions& global) { return AuditList(global, p->flow, p->limit); });
    AddFlowOption(audit_list);
    audit_list->add_option("--limit", p->limit, "at most this many")
        ->check(CLI::Range(1u, 1'000'000u))
        ->capture_default_str();
  }

  void AddConfig() {
    CLI::App* config = AddGroup("config", "check and explain the configuration");
    Add(config, "check", "read the file as the services would, and the password files",
        "  srdfctl config check --config srdf.yaml", &ConfigCheck);
    Add(config, "settings", "every setting with type, default, bounds and what it trades, as Markdown",
        "  srdfctl config settings > docs/operations/settings.md", &ConfigSettings);
  }

  void AddBinlog() {
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

  Parsed parsed_;
  CLI::App app_;
  Run run_;
};

}  // namespace
}  // namespace srdf::ctl

int main(int argc, char** argv) {
  try {
    return srdf::ctl::CommandLine().Main(argc, argv);
  } catch (const std::exception& e) {  // out of memory, or a bug: nothing below lets one through on purpose
    std::fprintf(stderr, "srdfctl: %s\n", e.what());
    return srdf::ctl::kExitFailed;
  }
}
