#include "srdfctl/key_commands.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "crypto/key_ring_file.h"
#include "srdfctl/key_use.h"
#include "srdfctl/text.h"

namespace srdf::ctl {
namespace {

using crypto::KeyRing;
using crypto::RingKey;
using nlohmann::ordered_json;

constexpr size_t kMaterialBytesMax = 4096;

ordered_json KeyToJson(const RingKey& key) {
  return {{"id", key.id},
          {"state", crypto::KeyStateName(key.state)},
          {"created", key.created},
          {"fingerprint", key.secret.Fingerprint()}};
}

int PrintRing(const GlobalOptions& global, const config::Config& config, const KeyRing& ring) {
  const std::string place = KeyRingPlaceOf(config).Describe();
  if (global.json) {
    ordered_json out = {{"key_ring", place}, {"keys", ordered_json::array()}};
    for (const RingKey& key : ring.keys()) out["keys"].push_back(KeyToJson(key));
    fmt::print("{}\n", out.dump(2));
    return kExitOk;
  }
  Table table({{"KEY"}, {"STATE"}, {"CREATED"}, {"FINGERPRINT"}});
  for (const RingKey& key : ring.keys())
    table.Add({key.id, crypto::KeyStateName(key.state), key.created, key.secret.Fingerprint()});
  fmt::print("{}", table.Render());
  return kExitOk;
}

// Changes the ring's file and prints the ring.
int Change(const GlobalOptions& global,
           const std::function<Status(KeyRing*, const config::Config&)>& change) {
  config::Config config;
  if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
  const crypto::KeyRingPlace place = KeyRingPlaceOf(config);
  if (!place.variable.empty()) {
    return Fail(
        {StatusCode::kFailedPrecondition,
         "the key ring is in the environment variable " + place.variable + ", which srdfctl cannot change",
         "change it where it is kept; with key_ring_file instead, srdfctl manages the ring"});
  }
  const auto ring = crypto::ChangeKeyRing(place.file, [&](KeyRing* keys) { return change(keys, config); });
  return ring.ok() ? PrintRing(global, config, *ring) : Fail(ring.status());
}

Status NoRing(const config::Config& config) {
  return {StatusCode::kNotFound, "there is no key ring " + KeyRingPlaceOf(config).file,
          "make one with `srdfctl key add`, or copy the other site's"};
}

Result<crypto::SecretKey> ReadMaterial(const std::string& from) {
  if (from.empty()) return crypto::SecretKey::Random();
  std::FILE* const file = from == "-" ? stdin : std::fopen(from.c_str(), "re");
  if (file == nullptr) {
    return Status(StatusCode::kNotFound, "cannot read " + from + ": " + std::strerror(errno),
                  "name a file with 64 hex digits, or - for standard input");
  }
  std::string text(kMaterialBytesMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  if (file != stdin) std::fclose(file);
  auto key = crypto::ParseKeyMaterial(text);
  crypto::Wipe(&text);
  return key;
}

}  // namespace

crypto::KeyRingPlace KeyRingPlaceOf(const config::Config& config) {
  return {config::KeyRingFile(config), config.key_ring_env};
}

Status EnsureKeyRing(const config::Config& config, bool seals) {
  if (!config::EncryptsAnyFlow(config)) return {};
  const crypto::KeyRingPlace place = KeyRingPlaceOf(config);
  const auto ring = crypto::LoadKeyRing(place);
  if (ring.ok()) return {};
  const bool missing = ring.status().code() == StatusCode::kNotFound;
  const bool configured = !config.key_ring_file.empty() || !config.key_ring_env.empty();
  if (!missing || configured) return ring.status();
  if (!seals) {
    return {StatusCode::kNotFound, "there is no key ring " + place.file + ", and wagons are sealed elsewhere",
            "copy the source site's ring to it (mode 600)"};
  }
  const auto made = crypto::CreateKeyRing(place.file);
  if (!made.ok()) return made.status();
  std::fprintf(stderr, "made the key ring %s: wagons are encrypted with key %s; keep a copy of it\n",
               place.file.c_str(), made->active()->id.c_str());
  return {};
}

int KeyList(const GlobalOptions& global) {
  config::Config config;
  if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
  const auto ring = crypto::LoadKeyRing(KeyRingPlaceOf(config));
  return ring.ok() ? PrintRing(global, config, *ring) : Fail(ring.status());
}

int KeyAdd(const GlobalOptions& global, const KeyOptions& options) {
  auto key = ReadMaterial(options.from);
  if (!key.ok()) return Fail(key.status());
  return Change(global, [&](KeyRing* ring, const config::Config&) {
    const int64_t now = WallClockMs();
    return ring->Add(options.id.empty() ? crypto::NewKeyId(now) : options.id, std::move(*key), now);
  });
}

int KeyRotate(const GlobalOptions& global, const KeyOptions& options) {
  return Change(global, [&](KeyRing* ring, const config::Config& config) {
    return ring->keys().empty() ? NoRing(config) : ring->Rotate(options.id, WallClockMs());
  });
}

int KeyRetire(const GlobalOptions& global, const KeyOptions& options) {
  return Change(global, [&](KeyRing* ring, const config::Config& config) {
    return ring->keys().empty() ? NoRing(config) : ring->Retire(options.id);
  });
}

int KeyRemove(const GlobalOptions& global, const KeyOptions& options) {
  if (options.force == 1) {
    config::Config config;
    if (!LoadOrExplain(global, &config)) return kExitBadConfiguration;
    const KeyUse use = FindKeyUse(config, options.id);
    if (!use.wagon.empty()) {
      return Fail(
          {StatusCode::kFailedPrecondition, "key " + options.id + " opens " + use.wagon,
           "wait until it was purged (purge_after_days of the flow); to give up what it sealed all the "
           "same, say --force twice"});
    }
    for (const std::string& silent : use.not_asked) {
      std::fprintf(stderr, "srdfctl: not known whether a wagon needs key %s in %s\n", options.id.c_str(),
                   silent.c_str());
    }
  }
  return Change(global, [&](KeyRing* ring, const config::Config& config) -> Status {
    if (ring->keys().empty()) return NoRing(config);
    if (options.force == 0 && ring->Find(options.id) != nullptr) {
      return {
          StatusCode::kFailedPrecondition,
          "without key " + options.id + " nobody can read a wagon that was sealed with it, here or in a copy",
          "when no outbox, inbox or backup has such wagons (`srdfctl wagon list`), repeat with --force"};
    }
    return ring->Remove(options.id);
  });
}

}  // namespace srdf::ctl
