// Small files of the security directory: read whole with a bound, written whole or not at all.
//
// Thread rules: pure functions over the file system.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace srdf::pki {

// kNotFound when the file cannot be read, kInvalidArgument when it is larger than 1 MiB.
Result<std::string> ReadSmallFile(const std::string& path);

// As ReadSmallFile, and kPermissionDenied when every user of the host may read it.
Result<std::string> ReadSecretFile(const std::string& path);

struct SmallFile {
  std::string path;
  std::string text;
};
// Mode 0600. All are on disk before the first is renamed into place: a reader sees of each file the old or
// the new one, and files that belong together change within microseconds. All in one directory.
Status WriteFilesAtomically(const std::vector<SmallFile>& files);

// Mode 0700 when it has to be made.
Status MakePrivateDirectory(const std::string& path);

}  // namespace srdf::pki
