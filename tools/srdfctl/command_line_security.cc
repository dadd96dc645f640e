// The commands about keys of wagons and certificates of services.
#include "srdfctl/command_line.h"

namespace srdf::ctl {

void CommandLine::AddKey() {
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

void CommandLine::AddCert() {
  Parsed* p = &parsed_;
  CLI::App* cert = AddGroup("cert", "certificates and tokens of the mesh");
  CLI::App* dev =
      Add(cert, "dev", "make or renew a development authority, all certificates and tokens",
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

}  // namespace srdf::ctl
