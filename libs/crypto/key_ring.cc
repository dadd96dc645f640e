#include "crypto/key_ring.h"

#include <openssl/evp.h>
#include <time.h>

#include <algorithm>
#include <cctype>

#include "crypto/random.h"

namespace srdf::crypto {

namespace {

constexpr std::string_view kFirstLine = "srdf-keys 1";
constexpr size_t kKeysMax = 10'000;
constexpr size_t kIdBytesMax = 64;

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    out.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
  return out;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<SecretKey> KeyFromHex(std::string_view hex) {
  if (hex.size() != 2 * kKeyBytes) return std::nullopt;
  std::string bytes;
  bytes.reserve(kKeyBytes);
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = HexDigit(hex[i]);
    const int low = HexDigit(hex[i + 1]);
    if (high < 0 || low < 0) break;
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  auto key = SecretKey::FromBytes(bytes);
  Wipe(&bytes);
  return key;
}

std::optional<SecretKey> KeyFromBase64(std::string_view text) {
  // 32 bytes are 43 characters and one '='.
  if (text.size() != 44 || text.back() != '=') return std::nullopt;
  std::string bytes(33, '\0');
  const int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                reinterpret_cast<const unsigned char*>(text.data()), 44);
  std::optional<SecretKey> key;
  if (n == 33 && text[42] != '=') key = SecretKey::FromBytes(std::string_view(bytes).substr(0, kKeyBytes));
  Wipe(&bytes);
  return key;
}

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!(line = Trimmed(line)).empty()) {
    const size_t n = std::min(line.find_first_of(" \t"), line.size());
    words.push_back(line.substr(0, n));
    line.remove_prefix(n);
  }
  return words;
}

std::string TimeText(int64_t ms, const char* format) {
  const time_t seconds = ms / 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, strftime(text, sizeof(text), format, &parts)};
}

bool IsTime(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
  if (text.size() != kShape.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return false;
  }
  return true;
}

std::optional<KeyState> ParseState(std::string_view word) {
  for (const KeyState state : {KeyState::kStandby, KeyState::kActive, KeyState::kRetired}) {
    if (word == KeyStateName(state)) return state;
  }
  return std::nullopt;
}

Status WrongLine(size_t number, const std::string& what) {
  return {StatusCode::kInvalidArgument, "key ring, line " + std::to_string(number) + ": " + what,
          "put back a copy of the ring, such as the other site's; it is changed by `srdfctl key` only"};
}

Result<RingKey> ParseKey(size_t number, const std::vector<std::string_view>& words) {
  if (words.size() != 6 || words[0] != "key")
    return WrongLine(number, "is not `key ID STATE CREATED FINGERPRINT HEX`");
  if (!IsKeyId(words[1])) return WrongLine(number, "the key's id is not a name");
  const std::string id(words[1]);
  const auto state = ParseState(words[2]);
  if (!state) return WrongLine(number, "key " + id + " is neither standby, active nor retired");
  if (!IsTime(words[3])) return WrongLine(number, "key " + id + " has no time such as 2026-11-21T06:20:05Z");
  auto secret = KeyFromHex(words[5]);
  if (!secret) return WrongLine(number, "key " + id + " is not 64 hex digits");
  if (secret->Fingerprint() != words[4])
    return WrongLine(number, "key " + id + " does not fit its fingerprint: a digit of it was changed");
  return RingKey{id, *state, std::string(words[3]), std::move(*secret)};
}

}  // namespace

const char* KeyStateName(KeyState state) {
  switch (state) {
    case KeyState::kStandby:
      return "standby";
    case KeyState::kActive:
      return "active";
    case KeyState::kRetired:
      return "retired";
  }
  return "unknown";
}

std::string NewKeyId(int64_t now_ms) {
  std::string random(3, '\0');
  FillRandom(random.data(), random.size());
  return "k-" + TimeText(now_ms, "%Y%m%d") + "-" + Hex(random);
}

bool IsKeyId(std::string_view id) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (id.empty() || id.size() > kIdBytesMax || !letter_or_digit(id.front())) return false;
  return std::all_of(id.begin(), id.end(),
                     [&](char c) { return letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

Result<SecretKey> ParseKeyMaterial(std::string_view text) {
  const std::string_view trimmed = Trimmed(text);
  auto key = KeyFromHex(trimmed);
  if (!key) key = KeyFromBase64(trimmed);
  if (key) return std::move(*key);
  return Status(StatusCode::kInvalidArgument, "the key is neither 64 hex digits nor the base64 of 32 bytes",
                "make one with `openssl rand -hex 32`, or let `srdfctl key add` make it");
}

KeyRing KeyRing::WithNewKey(int64_t now_ms) {
  KeyRing ring;
  (void)ring.Add(NewKeyId(now_ms), SecretKey::Random(), now_ms);
  return ring;
}

Result<KeyRing> KeyRing::Parse(std::string_view text) {
  KeyRing ring;
  bool begun = false;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find_first_of("\n;");
    const std::string_view line = Trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (!begun) {
      if (line != kFirstLine)
        return WrongLine(number, "does not begin with \"" + std::string(kFirstLine) + "\"");
      begun = true;
      continue;
    }
    SRDF_ASSIGN_OR_RETURN(RingKey key, ParseKey(number, Words(line)));
    if (ring.Find(key.id) != nullptr) return WrongLine(number, "key " + key.id + " is there twice");
    if (key.state == KeyState::kActive && ring.active() != nullptr)
      return WrongLine(number, "a second key is active: " + key.id + " beside " + ring.active()->id);
    if (ring.keys_.size() == kKeysMax) return WrongLine(number, "more than 10000 keys");
    ring.keys_.push_back(std::move(key));
  }
  if (!begun) return WrongLine(1, "it is empty");
  if (ring.active() == nullptr) return WrongLine(1, "no key is active");
  return ring;
}

std::string KeyRing::Format() const {
  std::string out(kFirstLine);
  out += "\n# Whoever can read this can read the wagons. Changed by `srdfctl key`.\n";
  for (const RingKey& key : keys_) {
    std::string hex = Hex(key.secret.bytes());
    // Reserved first: a string that grows leaves copies behind.
    out.reserve(64 * 1024 > out.size() + 512 ? 64 * 1024 : 2 * out.size());
    out.append("key ").append(key.id).append(" ").append(KeyStateName(key.state)).append(" ");
    out.append(key.created).append(" ").append(key.secret.Fingerprint()).append(" ").append(hex).append("\n");
    Wipe(&hex);
  }
  return out;
}

const RingKey* KeyRing::Find(std::string_view id) const {
  for (const RingKey& key : keys_) {
    if (key.id == id) return &key;
  }
  return nullptr;
}

RingKey* KeyRing::Mutable(std::string_view id) { return const_cast<RingKey*>(Find(id)); }

const RingKey* KeyRing::active() const {
  for (const RingKey& key : keys_) {
    if (key.state == KeyState::kActive) return &key;
  }
  return nullptr;
}

Status KeyRing::NoKey(const std::string& id) const {
  return {StatusCode::kNotFound, "the ring has no key " + id, "`srdfctl key list` shows those it has"};
}

Status KeyRing::Add(const std::string& id, SecretKey secret, int64_t now_ms) {
  if (!IsKeyId(id)) {
    return {StatusCode::kInvalidArgument, "\"" + id + "\" is not a key's name",
            "use letters, digits, '.', '_', '-', at most 64, a letter or digit first"};
  }
  const std::string fingerprint = secret.Fingerprint();
  for (const RingKey& key : keys_) {
    if (key.id != id && key.secret.Fingerprint() != fingerprint) continue;
    return {StatusCode::kAlreadyExists,
            "the ring has " + std::string(key.id == id ? "a key " + id : "this key as " + key.id) +
                " (fingerprint " + key.secret.Fingerprint() + ")",
            "choose another id, or another key"};
  }
  if (keys_.size() == kKeysMax) {
    return {StatusCode::kResourceExhausted, "the ring has 10000 keys", "`srdfctl key remove` old ones"};
  }
  const KeyState state = keys_.empty() ? KeyState::kActive : KeyState::kStandby;
  keys_.push_back({id, state, TimeText(now_ms, "%Y-%m-%dT%H:%M:%SZ"), std::move(secret)});
  return {};
}

Status KeyRing::Rotate(const std::string& id, int64_t now_ms) {
  std::string next = id;
  if (next.empty()) {
    next = NewKeyId(now_ms);
    SRDF_RETURN_IF_ERROR(Add(next, SecretKey::Random(), now_ms));
  }
  RingKey* const key = Mutable(next);
  if (key == nullptr) return NoKey(next);
  if (key->state == KeyState::kActive && !id.empty()) {
    return {StatusCode::kFailedPrecondition, "key " + next + " is active already", "nothing has to be done"};
  }
  if (key->state == KeyState::kRetired) {
    return {StatusCode::kFailedPrecondition, "key " + next + " is retired: it opens wagons, and seals none",
            "rotate to a new key: `srdfctl key rotate`"};
  }
  if (const RingKey* before = active(); before != nullptr && before != key)
    Mutable(before->id)->state = KeyState::kRetired;
  key->state = KeyState::kActive;
  return {};
}

Status KeyRing::Retire(const std::string& id) {
  RingKey* const key = Mutable(id);
  if (key == nullptr) return NoKey(id);
  if (key->state == KeyState::kActive) {
    return {StatusCode::kFailedPrecondition,
            "key " + id + " is the active one: without it nothing can be sealed",
            "`srdfctl key rotate` makes another one active, and retires this one"};
  }
  key->state = KeyState::kRetired;
  return {};
}

Status KeyRing::Remove(const std::string& id) {
  const RingKey* const key = Find(id);
  if (key == nullptr) return NoKey(id);
  if (key->state != KeyState::kRetired) {
    return {StatusCode::kFailedPrecondition,
            "key " + id + " is " + KeyStateName(key->state) + ", and only a retired key can be removed",
            key->state == KeyState::kActive ? "`srdfctl key rotate` first" : "`srdfctl key retire` it first"};
  }
  keys_.erase(keys_.begin() + (key - keys_.data()));
  return {};
}

}  // namespace srdf::crypto
