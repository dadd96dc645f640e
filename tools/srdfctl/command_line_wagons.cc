// The commands about wagons, their deliveries, and what was decided about those that could not be delivered.
#include "base/clock.h"
#include "srdfctl/command_line.h"
#include "srdfctl/since.h"

namespace srdf::ctl {

void CommandLine::AddWagon() {
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

void CommandLine::AddExplain() {
  Parsed* p = &parsed_;
  ExplainOptions* o = &parsed_.explain;
  CLI::App* explain =
      Add(&app_, "explain", "what happened to one row: its changes in outbox and inbox, oldest first",
          "  srdfctl explain shop --key shop.orders:7\n"
          "  srdfctl explain shop --key \"shop.prices:1,'a b'\" --values      a key of two columns\n"
          "  srdfctl explain shop --key \"shop.files:x'00ff'\" --since 2h\n"
          "  srdfctl explain shop --key shop.orders:7 --output json | jq '.changes[].wagon.first_gtid'\n"
          "Several changes of a row within one wagon are one change there. The exit code is 1 when nothing "
          "was found.",
          [p, o](const GlobalOptions& global) {
            o->flow = p->flow;
            const auto since = ParseSince(p->since, WallClockMs());
            if (!since.ok()) {
              Fail(since.status());
              return kExitBadConfiguration;
            }
            o->since_ms = *since;
            return ctl::Explain(global, *o);
          });
  AddFlowArgument(explain);
  explain->add_option("--key", o->key, "database.table:key of the row; texts 'so', bytes x'00ff'")
      ->required();
  explain->add_option("--since", p->since,
                      "only wagons sealed since: 30m, 2h, 7d, or \"2026-01-31 12:00\" in local time");
  explain->add_option("--limit", o->limit, "at most this many changes, the newest ones")
      ->check(CLI::Range(1u, 1'000'000u))
      ->capture_default_str();
  explain->add_flag("--thorough", o->thorough,
                    "read every wagon: finds rows of XA transactions among other changes");
  explain->add_flag("--values", o->values, "the rows too, as wagon show --json rows prints them");
}

void CommandLine::AddDelivery() {
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
  CLI::App* retry =
      Add(delivery, "retry", "try now what waits, failed or was given up; its schedule begins again; audited",
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

void CommandLine::AddDeadLetter() {
  Parsed* p = &parsed_;
  CLI::App* group =
      AddGroup("deadletter", "wagons that are not tried again by themselves, and stop their flow");
  CLI::App* list = Add(group, "list", "dead letters, and skipped wagons until they are acknowledged",
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
}

void CommandLine::AddAudit() {
  Parsed* p = &parsed_;
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

}  // namespace srdf::ctl
