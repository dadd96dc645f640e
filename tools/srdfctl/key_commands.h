// The verbs on the key ring (docs/operations/encryption.md): they change the file that the configuration
// names, and print ids, states and fingerprints, never a key. A running mesh notices by itself.
#pragma once

#include <string>

#include "config/config.h"
#include "crypto/key_ring_source.h"
#include "srdfctl/commands.h"

namespace srdf::ctl {

struct KeyOptions {
  std::string id;
  std::string from;  // add: the file with the key, "-" is standard input; empty: a random one
  int force = 0;     // remove: once, it is meant; twice, wagons that need the key are given up
};

int KeyList(const GlobalOptions& global);
int KeyAdd(const GlobalOptions& global, const KeyOptions& options);
int KeyRotate(const GlobalOptions& global, const KeyOptions& options);
int KeyRetire(const GlobalOptions& global, const KeyOptions& options);
int KeyRemove(const GlobalOptions& global, const KeyOptions& options);

crypto::KeyRingPlace KeyRingPlaceOf(const config::Config& config);

// Before a mesh starts: is the ring there that its flows need? Where none is configured and none is there,
// and `seals` (the batcher starts here), one is made, and a line on stderr says so.
Status EnsureKeyRing(const config::Config& config, bool seals);

}  // namespace srdf::ctl
