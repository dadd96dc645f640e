// A key ring on disk: who may read it, and how it is changed.
//
// The file must not be open to every user, nor writable for its group (modes 600 and 640). A change writes a
// file beside it, syncs it, renames it over the old one and syncs the directory: a crash leaves the old ring
// or the new one, whole. Changers wait for each other by a lock on the directory.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "crypto/key_ring.h"

namespace srdf::crypto {

// kNotFound when there is no file; kPermissionDenied when others may read it; kInvalidArgument when it is no
// ring. Every error names the file and the remedy.
Result<KeyRing> ReadKeyRing(const std::string& path);

// Makes a ring with one new key where there is no file, and its directory (mode 700). kAlreadyExists when
// there is one.
Result<KeyRing> CreateKeyRing(const std::string& path);

// Reads, changes and writes it, alone. Without a file the change begins with an empty ring. Nothing is
// written when `change` returns an error.
Result<KeyRing> ChangeKeyRing(const std::string& path, const std::function<Status(KeyRing*)>& change);

}  // namespace srdf::crypto
