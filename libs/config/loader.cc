// The file as a whole: sections, flows, and the checks that look at more than one key.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include "config/config.h"
#include "config/live_settings.h"
#include "config/source_alternates.h"
#include "config/values.h"
#include "config/yaml_section.h"

namespace srdf::config {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kFileBytesMax = 1 << 20;

Result<std::string> ReadFile(const std::string& path) {
  const std::string remedy = "name the file with --config; deploy/examples/srdf.yaml is an example";
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return Status(StatusCode::kNotFound, "there is no configuration file " + path, remedy);
  }
  if (fs::file_size(path, error) > kFileBytesMax) {
    return Status(StatusCode::kInvalidArgument, path + " is larger than 1 MiB: not a configuration file",
                  remedy);
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    return Status(StatusCode::kNotFound, "cannot read " + path + ": " + std::strerror(errno),
                  "make it readable for this user");
  }
  return text.str();
}

// Sees where documents begin, and nothing else of them.
class DocumentStarts : public YAML::EventHandler {
 public:
  const std::vector<int>& lines() const { return lines_; }

  void OnDocumentStart(const YAML::Mark& mark) override { lines_.push_back(mark.line + 1); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

 private:
  std::vector<int> lines_;
};

// YAML::LoadAll of yaml-cpp 0.7 never returns from some texts: it takes documents where it gets no further.
// Two are asked for here, whatever there is.
std::optional<int> LineOfSecondDocument(const std::string& text) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  DocumentStarts starts;
  if (!parser.HandleNextDocument(starts) || !parser.HandleNextDocument(starts)) return std::nullopt;
  return starts.lines().size() < 2 ? 1 : starts.lines()[1];
}

class Loader {
 public:
  explicit Loader(const std::string& path) : problems_(path), directory_(fs::absolute(path).parent_path()) {
    config_.path = fs::absolute(path).lexically_normal().string();
  }

  Result<Config> Load(const std::string& text) {
    const YAML::Node document = YAML::Load(text);
    if (const auto line = LineOfSecondDocument(text)) {
      problems_.AddAt(*line, "", "the file has more than one YAML document",
                      "remove the `---` line between them");
    }
    Section root(document, "", 1, &problems_);
    root.Read(MeshSettings(), "", &config_);
    Section log(root.Take("log"), "log", root.has("log") ? root.LineOf("log") : 1, &problems_);
    log.Read(MeshSettings(), "log.", &config_);
    log.RejectUnknown();
    Section security(root.Take("security"), "security", root.has("security") ? root.LineOf("security") : 1,
                     &problems_);
    security.Read(MeshSettings(), "security.", &config_);
    security.RejectUnknown();
    if (root.Take("allow_plaintext_network").IsDefined()) {
      problems_.Add("allow_plaintext_network", "is no setting any more: services encrypt",
                    "remove it; for plaintext without any protection write security: {mode: insecure}");
    }
    ReadServices(&root);
    ReadFlows(&root);
    root.RejectUnknown();

    if (!IsName(config_.mesh)) AddNameProblem("mesh", config_.mesh);
    CheckByteRate("max_bytes_per_second", config_.max_bytes_per_second);
    if (config_.data_dir.empty()) problems_.Add("data_dir", "is empty", "name a directory");
    config_.data_dir = Absolute(config_.data_dir);
    if (!config_.key_ring_file.empty() && !config_.key_ring_env.empty()) {
      problems_.Add("key_ring_env", "is given besides key_ring_file", "keep one of the two");
    }
    if (!config_.key_ring_file.empty()) config_.key_ring_file = Absolute(config_.key_ring_file);
    config_.security_dir_is_default = config_.security_dir.empty();
    config_.security_dir =
        config_.security_dir_is_default ? config_.data_dir + "/security" : Absolute(config_.security_dir);
    for (FlowConfig& flow : config_.flows) {
      if (flow.token_file.empty()) flow.token_file = config_.security_dir + "/tokens/" + flow.name + ".token";
    }
    if (!config_.outbox_dir.empty()) config_.outbox_dir = Absolute(config_.outbox_dir);
    if (!config_.inbox_dir.empty()) config_.inbox_dir = Absolute(config_.inbox_dir);
    CheckFlowsTogether();
    if (Status status = problems_.ToStatus(); !status.ok()) return status;
    return std::move(config_);
  }

  Status YamlProblem(const YAML::Exception& e) {
    problems_.AddAt(e.mark.is_null() ? 1 : e.mark.line + 1, "", "the file is not valid YAML: " + e.msg,
                    "look at the indentation and quotes of this line and the one before");
    return problems_.ToStatus();
  }

 private:
  struct Listener {
    std::string key;
    std::string text;
    Address address;
  };

  std::string Absolute(const std::string& path) const {
    std::string text = (directory_ / path).lexically_normal().string();
    while (text.size() > 1 && text.back() == '/') text.pop_back();
    return text;
  }

  void AddNameProblem(const std::string& key, const std::string& value) {
    problems_.Add(key, "\"" + value + "\" is not a name",
                  "use letters, digits, '.', '_', '-', at most 64, a letter or digit first");
  }

  void CheckByteRate(const std::string& key, uint64_t bytes_per_second) {
    if (const auto problem = ByteRateProblem(bytes_per_second)) {
      problems_.Add(key, "\"" + FormatSize(bytes_per_second) + "\" " + *problem, kByteRateRemedy);
    }
  }

  void ReadServices(Section* root) {
    for (std::string_view name : kServiceNames)
      config_.services[std::string(name)] = DefaultServiceConfig(name);
    Section services(root->Take("services"), "services", root->has("services") ? root->LineOf("services") : 1,
                     &problems_);
    for (std::string_view name : kServiceNames) {
      const std::string key(name);
      Section service(services.Take(key), services.PathOf(key), services.has(key) ? services.LineOf(key) : 1,
                      &problems_);
      service.Read(ServiceSettings(), "", &config_.services[key]);
      service.RejectUnknown();
    }
    services.RejectUnknown();
    CheckListeners();
  }

  // What is given to connect to. `listen` is checked as a listener.
  void CheckPeerAddress(std::string_view name, const ServiceConfig& service) {
    if (service.address.empty()) return;
    const std::string key = fmt::format("services.{}.address", name);
    const auto address = ParseAddress(service.address);
    if (!address.ok()) {
      problems_.Add(key, "\"" + service.address + "\" " + address.status().message(),
                    "write host:port, such as 10.0.2.20:7104 or dr.example.net:7104");
    } else if (IsAnyInterface(*address)) {
      problems_.Add(key, "\"" + service.address + "\" means every interface: nobody can connect to that",
                    "name the host, or one of its addresses, as the other hosts reach it");
    }
  }

  void CheckListeners() {
    std::vector<Listener> listeners;
    for (std::string_view name : kServiceNames) {
      const ServiceConfig& service = config_.services[std::string(name)];
      CheckPeerAddress(name, service);
      for (const bool is_metrics : {false, true}) {
        const std::string key = fmt::format("services.{}.{}", name, is_metrics ? "metrics" : "listen");
        const std::string& text = is_metrics ? service.metrics : service.listen;
        auto address = ParseAddress(text);
        if (!address.ok()) {
          problems_.Add(key, "\"" + text + "\" " + address.status().message(),
                        "write host:port, such as 127.0.0.1:7101 or [::1]:7101");
          continue;
        }
        for (const Listener& other : listeners) {
          if (!Collide(*address, other.address)) continue;
          problems_.Add(key, fmt::format("\"{}\" collides with {} \"{}\"", text, other.key, other.text),
                        "give each listener a port of its own");
        }
        listeners.push_back({key, text, *address});
      }
    }
  }

  void ReadFlows(Section* root) {
    const YAML::Node flows = root->Take("flows");
    if (!flows.IsDefined() || flows.IsNull() || (flows.IsSequence() && flows.size() == 0)) {
      problems_.Add("flows", "has no flow", "add `flows:` with at least one `- name: …`, source and target");
      return;
    }
    if (!flows.IsSequence()) {
      problems_.Add("flows", "is not a list", "begin each flow with `- name: …`");
      return;
    }
    for (size_t i = 0; i < flows.size(); ++i) ReadFlow(flows[i], i);
  }

  void ReadFlow(const YAML::Node& node, size_t index) {
    std::string label = std::to_string(index);
    if (node.IsMap() && node["name"].IsDefined() && node["name"].IsScalar()) label = node["name"].Scalar();
    FlowConfig flow;
    Section section(node, "flows[" + label + "]", node.Mark().line + 1, &problems_);
    section.Read(FlowSettings(), "", &flow);
    if (section.has("name") && !IsName(flow.name)) AddNameProblem(section.PathOf("name"), flow.name);
    ReadDatabase(&section, "source", &flow.source, &flow);
    ReadDatabase(&section, "target", &flow.target, nullptr);
    section.RejectUnknown();

    CheckByteRate(section.PathOf("max_bytes_per_second"), flow.max_bytes_per_second);
    if (!flow.token_file.empty() && !flow.token_env.empty())
      problems_.Add(section.PathOf("token_env"), "is given besides token_file", "keep one of the two");
    if (!flow.token_file.empty()) flow.token_file = Absolute(flow.token_file);
    if (flow.compression_codec == "gzip" && flow.compression_level > 9) {
      problems_.Add(section.PathOf("compression_level"),
                    fmt::format("\"{}\" is more than gzip has", flow.compression_level),
                    "write a number between 1 and 9, or use zstd");
    }
    for (const FlowConfig& other : config_.flows) {
      if (flow.name.empty() || flow.name != other.name) continue;
      problems_.AddAt(section.LineOf("name"), section.PathOf("name"), "another flow has this name",
                      "choose another one");
    }
    config_.flows.push_back(std::move(flow));
  }

  // `flow` is given for the source, which has keys of its own.
  void ReadDatabase(Section* parent, const std::string& key, DatabaseConfig* database, FlowConfig* flow) {
    const YAML::Node node = parent->Take(key);
    const std::string path = parent->PathOf(key);
    if (!node.IsDefined()) {
      problems_.Add(path, "is required and absent",
                    "add `" + key + ":` with host, port, user and password_file");
      return;
    }
    Section section(node, path, parent->LineOf(key), &problems_);
    section.Read(DatabaseSettings(), "", database);
    if (flow != nullptr) section.Read(SourceSettings(), "", flow);
    if (flow != nullptr) CheckAlternates(path + ".alternates", *flow);
    section.RejectUnknown();

    if (database->host.empty() && database->socket.empty()) {
      problems_.Add(path + ".host", "is empty", "name the server's host, or its socket");
    }
    if (database->user.empty()) problems_.Add(path + ".user", "is empty", "name an account");
    if (!database->password_file.empty() && !database->password_env.empty()) {
      problems_.Add(path + ".password_env", "is given besides password_file", "keep one of the two");
    }
    if (!database->password_file.empty()) database->password_file = Absolute(database->password_file);
    if (!database->socket.empty()) database->socket = Absolute(database->socket);
  }

  void CheckAlternates(const std::string& key, const FlowConfig& flow) {
    if (const auto list = ParseAddressList(flow.source_alternates); !list.ok()) {
      problems_.Add(key, list.status().message(), "write host:port, host:port");
    }
    for (const DatabaseConfig& alternate : SourceAlternates(flow)) {
      if (!SameServer(alternate, flow.source)) continue;
      problems_.Add(key, "names the source itself (" + DescribeDatabase(alternate) + ")",
                    "name its other servers");
    }
  }

  static bool SameServer(const DatabaseConfig& a, const DatabaseConfig& b) {
    if (!a.socket.empty() || !b.socket.empty()) return a.socket == b.socket;
    return a.host == b.host && a.port == b.port;
  }

  void CheckFlowsTogether() {
    for (size_t i = 0; i < config_.flows.size(); ++i) {
      const FlowConfig& flow = config_.flows[i];
      const std::string path = "flows[" + (flow.name.empty() ? std::to_string(i) : flow.name) + "]";
      if (SameServer(flow.source, flow.target)) {
        problems_.Add(path + ".target",
                      "is the same server as the source (" + DescribeDatabase(flow.target) + ")",
                      "name two servers");
      }
      for (const DatabaseConfig& alternate : SourceAlternates(flow)) {
        if (!SameServer(alternate, flow.target)) continue;
        problems_.Add(path + ".source.alternates", "names the target (" + DescribeDatabase(flow.target) + ")",
                      "name servers of the source's cluster");
      }
      for (size_t j = 0; j < i; ++j) {
        const FlowConfig& other = config_.flows[j];
        if (flow.source_server_id == 0 || flow.source_server_id != other.source_server_id) continue;
        problems_.Add(
            path + ".source.server_id",
            fmt::format("\"{}\" is used by flow {} as well: the source would cut one of the two off",
                        flow.source_server_id, other.name),
            "give each flow a server_id of its own");
      }
    }
  }

  Problems problems_;
  fs::path directory_;
  Config config_;
};

}  // namespace

const FlowConfig* Config::FindFlow(const std::string& name) const {
  for (const FlowConfig& flow : flows) {
    if (flow.name == name) return &flow;
  }
  return nullptr;
}

Result<Config> LoadConfig(const std::string& path) {
  SRDF_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::optional<Loader> loader;
  try {
    loader.emplace(path);
    return loader->Load(text);
  } catch (const YAML::Exception& e) {
    return loader->YamlProblem(e);
  } catch (const std::exception& e) {  // file system errors of a path that cannot be made absolute
    return Status(StatusCode::kInvalidArgument, path + ": " + e.what(), "check the path");
  }
}

}  // namespace srdf::config
