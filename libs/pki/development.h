// Development: a development mesh's authority, certificates and tokens, made and kept in order.
//
// Idempotent: what is sound stays, what is missing is made, what has less than a third of its life left (or
// can not be used) is renewed. Each file is replaced whole, key and certificate of a pair together, so that
// running services change over without a restart.
//
// The authority's key lies beside the certificates: who can read the directory can be anybody in the mesh.
// That is right for one host; between sites bring certificates of your own authority
// (docs/operations/security.md).
//
// Thread rules: pure function over the file system; a lock on the directory keeps a second one out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"

namespace srdf::pki {

struct DevelopmentOptions {
  std::string dir;
  std::string mesh;
  std::vector<std::string> flows;  // those that get a token in tokens/
  std::vector<std::string> hosts;  // added to localhost, 127.0.0.1, ::1 and those it has
  int64_t days = 365;              // of a certificate; the authority lives ten years
  int64_t now_ms = 0;
  bool renew = false;                 // renew what is sound, too
  bool new_authority = false;         // trust old and new, issue everything by the new one
  bool drop_old_authorities = false;  // trust only the one that issues
  bool rotate_tokens = false;         // a new first line; the one before stays good as second line
  // With new_authority: called when the bundle is written and nothing is issued yet; returns when those who
  // run have read it.
  std::function<void()> wait_for_readers;
};

enum class Deed { kKept, kMade, kRenewed };

struct DevelopmentFile {
  std::string file;
  Deed deed = Deed::kKept;
  int64_t not_after_ms = 0;  // 0: does not end
};

// What was done with each file, in the order it was done. kFailedPrecondition when the directory has an
// authority that is not a development one (ca.crt without the ca.key that goes with it): nothing is touched.
Result<std::vector<DevelopmentFile>> MakeDevelopmentFiles(const DevelopmentOptions& options);

}  // namespace srdf::pki
