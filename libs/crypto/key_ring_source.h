// KeyRingSource: the ring of a running service. It comes from a file, or from an environment variable.
//
// A changed file is noticed by a look at it (no thread, no watch): at every Active, and at a Find of a key
// that is not known. A ring that was read stays in force until a good one takes its place: a file that is
// gone or damaged stops nothing that runs, and is told by `problem`. An environment variable is read once.
// Any thread.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "crypto/key_ring.h"

namespace srdf::crypto {

// Where the ring is: `variable` when that is not empty, else `file`.
struct KeyRingPlace {
  std::string file;
  std::string variable;

  std::string Describe() const;
};

// The ring as it is now, from either place; for commands.
Result<KeyRing> LoadKeyRing(const KeyRingPlace& place);

class KeyRingSource : public KeyProvider {
 public:
  // Reads the ring; an error when there is none.
  static Result<std::unique_ptr<KeyRingSource>> Open(const KeyRingPlace& place);

  // The key that seals now.
  WagonKeyPtr Active();
  Result<WagonKeyPtr> Find(const std::string& key_id) override;
  // Why the file was not read when it was last looked at; ok when it was.
  Status problem() const;

 private:
  // What tells a file from the one before it: a change makes a new inode.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t bytes = 0;
    int64_t changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  explicit KeyRingSource(KeyRingPlace place) : place_(std::move(place)) {}
  static Stamp StampOf(const std::string& path);
  Status Read();
  void Refresh();

  const KeyRingPlace place_;
  mutable std::mutex mu_;
  // guarded by mu_
  Stamp stamp_;
  std::map<std::string, WagonKeyPtr> keys_;
  WagonKeyPtr active_;
  Status problem_;
};

}  // namespace srdf::crypto
