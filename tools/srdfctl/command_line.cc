#include "srdfctl/command_line.h"

namespace srdf::ctl {

CommandLine::CommandLine() : app_("srdfctl: starts, watches and steers an SRDF replication mesh", "srdfctl") {
  app_.fallthrough();  // so that --config and --output may stand behind the command
  app_.require_subcommand(1);
  app_.add_option("--config", parsed_.config,
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
  AddExplain();
  AddDelivery();
  AddFlow();
  AddKey();
  AddCert();
  AddEstablish();
  AddVerify();
  AddRepair();
  AddDeadLetter();
  AddAudit();
  AddConfig();
  AddBinlog();
}

int CommandLine::Main(int argc, char** argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
      return app_.exit(e);  // --help, --version
    return Explain(e);
  }
  return run_({FindConfigPath(parsed_.config), parsed_.output == "json", parsed_.data_dir});
}

int CommandLine::Explain(const CLI::ParseError& e) const {
  const std::vector<std::string> unknown = app_.remaining(true);
  const std::string what = unknown.empty() ? e.what() : "there is no command or option " + unknown.front();
  Fail({StatusCode::kInvalidArgument, what,
        "srdfctl --help lists the commands, srdfctl COMMAND --help its options"});
  return kExitBadConfiguration;
}

CLI::App* CommandLine::Add(CLI::App* parent, const std::string& name, const std::string& what,
                           const std::string& examples, Run run) {
  CLI::App* command = parent->add_subcommand(name, what);
  command->footer("Examples:\n" + examples);
  command->callback([this, run = std::move(run)] { run_ = run; });
  return command;
}

CLI::App* CommandLine::AddGroup(const std::string& name, const std::string& what) {
  CLI::App* group = app_.add_subcommand(name, what);
  group->require_subcommand(1);
  return group;
}

void CommandLine::AddFlowOption(CLI::App* command) {
  command->add_option("--flow", parsed_.flow, "this flow only");
}

void CommandLine::AddFlowArgument(CLI::App* command) {
  command->add_option("FLOW", parsed_.flow, "name of the flow")->required();
}

}  // namespace srdf::ctl
