// CommandLine: what srdfctl can be asked for: options, commands, their help and examples. What a command does
// is in its own file (commands.h, key_commands.h); the commands are described in command_line_*.cc, by what
// they are about.
//
// Thread rules: one thread, once per process.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "srdfctl/commands.h"
#include "srdfctl/explain_command.h"
#include "srdfctl/key_commands.h"

namespace srdf::ctl {

class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Runs the command that the arguments name; the exit code. What cannot be understood is
  // kExitBadConfiguration, with what it is and how to ask for help.
  int Main(int argc, char** argv);

 private:
  // Where the options of all commands end up; a command reads those that it has.
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
    VerifyOptions verify;
    EstablishOptions establish;
    RepairOptions repair;
    ExplainOptions explain;
    std::string since;
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
    bool without_agreement = false;
    bool merged = false;
    binlog_file::DumpOptions dump;
    KeyOptions key;
    CertDevOptions cert;
  };
  using Run = std::function<int(const GlobalOptions&)>;

  int Explain(const CLI::ParseError& e) const;
  // A command that is run with what was parsed.
  CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& what,
                const std::string& examples, Run run);
  CLI::App* AddGroup(const std::string& name, const std::string& what);
  void AddFlowOption(CLI::App* command);
  void AddFlowArgument(CLI::App* command);

  // command_line_mesh.cc
  void AddMesh();
  void AddFlow();
  void AddConfig();
  void AddBinlog();
  // command_line_establish.cc
  void AddEstablish();
  // command_line_wagons.cc
  void AddWagon();
  void AddExplain();
  void AddDelivery();
  void AddDeadLetter();
  void AddAudit();
  // command_line_compare.cc
  void AddVerify();
  void AddRepair();
  // command_line_security.cc
  void AddKey();
  void AddCert();

  Parsed parsed_;
  CLI::App app_;
  Run run_;
};

}  // namespace srdf::ctl
