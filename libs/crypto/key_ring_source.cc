#include "crypto/key_ring_source.h"

#include <sys/stat.h>

#include <cstdlib>

#include "crypto/key_ring_file.h"

namespace srdf::crypto {

std::string KeyRingPlace::Describe() const {
  return variable.empty() ? file : "environment variable " + variable;
}

Result<KeyRing> LoadKeyRing(const KeyRingPlace& place) {
  if (place.variable.empty()) return ReadKeyRing(place.file);
  const char* text = std::getenv(place.variable.c_str());
  if (text == nullptr || *text == '\0') {
    return Status(StatusCode::kNotFound,
                  "the environment variable " + place.variable + " with the key ring is not set",
                  "set it to the text of a key ring before the start, or use key_ring_file");
  }
  auto ring = KeyRing::Parse(text);
  if (!ring.ok()) return ring.status().WithContext(place.Describe());
  return ring;
}

Result<std::unique_ptr<KeyRingSource>> KeyRingSource::Open(const KeyRingPlace& place) {
  std::unique_ptr<KeyRingSource> source(new KeyRingSource(place));
  SRDF_RETURN_IF_ERROR(source->Read());
  return source;
}

KeyRingSource::Stamp KeyRingSource::StampOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino, info.st_size,
          static_cast<int64_t>(info.st_ctim.tv_sec) * 1'000'000'000 + info.st_ctim.tv_nsec};
}

Status KeyRingSource::Read() {
  if (place_.variable.empty())
    stamp_ = StampOf(place_.file);  // before: a later change is seen at the next look
  SRDF_ASSIGN_OR_RETURN(const KeyRing ring, LoadKeyRing(place_));
  std::map<std::string, WagonKeyPtr> keys;
  for (const RingKey& key : ring.keys())
    keys[key.id] = std::make_shared<WagonKey>(WagonKey{key.id, key.secret.Clone()});
  keys_ = std::move(keys);
  active_ = keys_.at(ring.active()->id);
  return {};
}

void KeyRingSource::Refresh() {
  // A file that could not be read is tried again as it is: the fault may have been this process's own.
  if (!place_.variable.empty() || (problem_.ok() && StampOf(place_.file) == stamp_)) return;
  problem_ = Read();
}

WagonKeyPtr KeyRingSource::Active() {
  std::lock_guard lock(mu_);
  Refresh();
  return active_;
}

Result<WagonKeyPtr> KeyRingSource::Find(const std::string& key_id) {
  std::lock_guard lock(mu_);
  Refresh();
  const auto it = keys_.find(key_id);
  if (it != keys_.end()) return it->second;
  if (!problem_.ok()) return problem_;
  return Status(
      StatusCode::kFailedPrecondition, "crypto: there is no key " + key_id + " in " + place_.Describe(),
      place_.variable.empty()
          ? "copy the key ring of the site that sealed the wagon to " + place_.file
          : "set " + place_.variable + " to the ring of the site that sealed the wagon, and restart");
}

Status KeyRingSource::problem() const {
  std::lock_guard lock(mu_);
  return problem_;
}

}  // namespace srdf::crypto
