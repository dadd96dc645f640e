#include "support/vault.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace srdf::test {

namespace {

constexpr uint64_t kRowsPerStatement = 200;

uint64_t Below(std::mt19937_64* random, uint64_t limit) {
  return std::uniform_int_distribution<uint64_t>(0, limit - 1)(*random);
}

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

// "Some words in Mixed case", all ASCII.
std::string Words(std::mt19937_64* random, unsigned count) {
  static constexpr const char* kWords[] = {"Alpha", "beta",  "GAMMA", "delta", "Epsilon", "zeta",
                                           "Eta",   "THETA", "iota",  "Kappa", "lambda",  "Mu"};
  std::string out;
  for (unsigned i = 0; i < count; ++i) out += (i == 0 ? "" : " ") + std::string(kWords[Below(random, 12)]);
  return out;
}

std::string Bytes(std::mt19937_64* random, size_t count) {
  std::string out(count, '\0');
  for (char& c : out) c = static_cast<char>(Below(random, 256));
  return out;
}

// Any finite number, in the form that reads back as the same bits.
std::string Double(std::mt19937_64* random) {
  const double mantissa = std::uniform_real_distribution<double>(-10, 10)(*random);
  return fmt::format("{:.17e}", mantissa * std::pow(10.0, static_cast<double>(Below(random, 40)) - 20));
}

std::string Nullable(std::mt19937_64* random, const std::string& quoted) {
  switch (Below(random, 6)) {
    case 0:
      return "NULL";
    case 1:
      return "''";
    default:
      return quoted;
  }
}

std::string Quoted(const std::string& text) { return "'" + text + "'"; }

// Twelve bytes that begin with zeros, and the number at their end.
std::string FileKey(uint64_t number) {
  std::string key(4, '\0');
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift & 0xff));
  return key;
}

std::string WordKey(uint64_t number) {
  return fmt::format("{}ord-{:09}", number % 4 < 2 ? "w" : "W", number);
}

uint64_t LittleEndian32(ByteView bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

}  // namespace

std::vector<std::string> VaultSchema() {
  return {
      "DROP DATABASE IF EXISTS vault",
      "CREATE DATABASE vault CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
      "CREATE TABLE vault.accounts (id INT NOT NULL, name VARCHAR(60), balance DECIMAL(14,4) NOT NULL,"
      " ratio DOUBLE NOT NULL, weight FLOAT NOT NULL, note VARCHAR(80) NOT NULL, seen DATETIME(6) NOT NULL,"
      " doubled DECIMAL(15,4) AS (balance * 2) STORED, PRIMARY KEY (id))",
      "CREATE TABLE vault.prices (item INT NOT NULL, region VARCHAR(12) NOT NULL,"
      " amount DECIMAL(10,2) NOT NULL, changes INT UNSIGNED NOT NULL, PRIMARY KEY (item, region))",
      "CREATE TABLE vault.words (word VARCHAR(40) NOT NULL, meaning TEXT, seen INT NOT NULL,"
      " PRIMARY KEY (word))",
      "CREATE TABLE vault.files (hash VARBINARY(16) NOT NULL, body MEDIUMBLOB NOT NULL, meta JSON,"
      " size BIGINT NOT NULL, PRIMARY KEY (hash))",
      "CREATE TABLE vault.readings (n INT NOT NULL, at DATETIME(3) NOT NULL, value DOUBLE NOT NULL,"
      " raw FLOAT NOT NULL, tag VARCHAR(20))"};
}

std::string VaultColumns(std::string_view table) {
  if (table == "accounts") return "id, name, balance, ratio, weight, note, seen";
  if (table == "prices") return "item, region, amount, changes";
  if (table == "words") return "word, meaning, seen";
  if (table == "files") return "hash, body, meta, size";
  return "n, at, value, raw, tag";
}

std::string VaultRow(std::string_view table, uint64_t number, std::mt19937_64* random) {
  if (table == "accounts") {
    return fmt::format("({},{},{}.{:04},{},{},{},'2026-01-{:02} 12:{:02}:00.{:06}')", number,
                       Nullable(random, Quoted(Words(random, 2))), Below(random, 1'000'000'000),
                       Below(random, 10'000), Double(random), Double(random), Quoted(Words(random, 3)),
                       Below(random, 28) + 1, Below(random, 60), Below(random, 1'000'000));
  }
  if (table == "prices") {
    static constexpr const char* kRegions[] = {"eu", "Us", "asia", "AFRICA"};
    return fmt::format("({},'{}',{}.{:02},{})", number, kRegions[number / 2 % 4], Below(random, 1'000'000),
                       Below(random, 100), Below(random, 1000));
  }
  if (table == "words") {
    const auto words = static_cast<unsigned>(Below(random, 50) == 0 ? 400 : 1 + Below(random, 20));
    return fmt::format("('{}',{},{})", WordKey(number), Nullable(random, Quoted(Words(random, words))),
                       Below(random, 1000));
  }
  if (table == "files") {
    const std::string body = Bytes(random, Below(random, 60) == 0 ? 20'000 : 1 + Below(random, 300));
    return fmt::format("(x'{}',x'{}','{{\"kind\": \"{}\", \"parts\": [{}, {}]}}',{})", Hex(FileKey(number)),
                       Hex(body), Words(random, 1), Below(random, 100), Below(random, 100), body.size());
  }
  return fmt::format("({},'2026-02-{:02} 00:00:{:02}.{:03}',{},{},{})", number, Below(random, 28) + 1,
                     Below(random, 60), Below(random, 1000), Double(random), Double(random),
                     Nullable(random, Quoted(Words(random, 1))));
}

std::vector<std::string> VaultRows(uint64_t first, uint64_t last, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::string> statements;
  for (const char* table : kVaultTables) {
    for (uint64_t from = first; from <= last; from += kRowsPerStatement) {
      std::string sql = fmt::format("INSERT INTO vault.{} ({}) VALUES ", table, VaultColumns(table));
      std::string rows;
      for (uint64_t number = from; number <= last && number < from + kRowsPerStatement; ++number) {
        const std::string row = VaultRow(table, number, &random);
        rows += (rows.empty() ? "" : ",") + row;
        // Some rows of the table without a key are there twice, or three times.
        const bool repeated = std::string_view(table) == "readings" && number % 10 < 2;
        for (uint64_t copy = 0; repeated && copy < 1 + number % 10; ++copy) rows += "," + row;
      }
      statements.push_back(sql + rows);
    }
  }
  return statements;
}

std::string VaultMatch(std::string_view table, uint64_t number) {
  if (table == "accounts") return fmt::format("id = {}", number);
  if (table == "prices") return fmt::format("item = {}", number);
  if (table == "words") return fmt::format("word = '{}'", WordKey(number));
  if (table == "files") return fmt::format("hash = x'{}'", Hex(FileKey(number)));
  return fmt::format("n = {}", number);
}

std::optional<uint64_t> VaultNumber(std::string_view table, ByteView image) {
  if (table == "accounts" || table == "prices")
    return image.size() < 4 ? std::nullopt : std::optional(LittleEndian32(image));
  if (table == "readings")  // behind the bitmap of what is NULL
    return image.size() < 5 ? std::nullopt : std::optional(LittleEndian32(image.substr(1)));
  if (table == "words") {
    const size_t dash = image.rfind('-');
    if (dash == ByteView::npos) return std::nullopt;
    return std::strtoull(std::string(image.substr(dash + 1)).c_str(), nullptr, 10);
  }
  if (image.size() != 13) return std::nullopt;
  uint64_t number = 0;
  for (const char c : image.substr(5)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

VaultLoad::VaultLoad(Connect connect, uint64_t last, uint64_t seed, uint64_t rate)
    : connect_(std::move(connect)),
      last_(last),
      rate_(rate),
      random_(seed),
      next_new_(last + 1 + (last % 2)),
      thread_([this](const std::stop_token& stop) { result_ = Run(stop); }) {}

Result<uint64_t> VaultLoad::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  if (!result_.ok()) return result_;
  return transactions_.load();
}

// A connection that breaks is opened again: servers die in some tests.
Status VaultLoad::Run(const std::stop_token& stop) {
  const auto start = std::chrono::steady_clock::now();
  std::unique_ptr<engine_mariadb::Connection> connection;
  uint64_t tried = 0;
  while (!stop.stop_requested()) {
    if (connection == nullptr) {
      auto opened = connect_();
      if (!opened.ok()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        continue;
      }
      connection = std::move(*opened);
    }
    bool committed = true;
    for (const std::string& statement : NextTransaction()) {
      const Status done = connection->Execute(statement);
      if (done.ok()) continue;
      committed = false;
      if (done.code() == StatusCode::kUnavailable || done.code() == StatusCode::kOutcomeUnknown ||
          connection->last_errno() == 0) {
        connection.reset();
      } else if (done.code() != StatusCode::kAborted && done.code() != StatusCode::kDivergence) {
        return done.WithContext(statement.substr(0, 80));
      } else {
        (void)connection->Execute("ROLLBACK");
      }
      break;
    }
    ++tried;
    if (committed) ++transactions_;
    if (rate_ != 0) {
      std::this_thread::sleep_until(start + std::chrono::microseconds(tried * 1'000'000 / rate_));
    }
  }
  return {};
}

std::vector<std::string> VaultLoad::NextTransaction() {
  std::vector<std::string> statements = {"BEGIN"};
  const uint64_t count = 1 + Below(&random_, 4);
  for (uint64_t i = 0; i < count; ++i) {
    const char* table = kVaultTables[Below(&random_, 5)];
    const uint64_t number = Below(&random_, (last_ + 1) / 2) * 2 + 1;
    const std::string match = VaultMatch(table, number);
    const bool keyless = std::string_view(table) == "readings";
    switch (Below(&random_, 6)) {
      case 0:
        statements.push_back(fmt::format("DELETE FROM vault.{} WHERE {}", table, match));
        break;
      case 1:  // it may be there or not
        if (!keyless) {
          statements.push_back(fmt::format("REPLACE INTO vault.{} ({}) VALUES {}", table, VaultColumns(table),
                                           VaultRow(table, number, &random_)));
          break;
        }
        [[fallthrough]];
      case 2:
        statements.push_back(fmt::format("INSERT INTO vault.{} ({}) VALUES {}", table, VaultColumns(table),
                                         VaultRow(table, next_new_, &random_)));
        next_new_ += 2;
        break;
      default: {
        static constexpr const char* kChanges[] = {
            "balance = balance + 1.0001, ratio = -ratio / 3, name = IF(name IS NULL, '', NULL)",
            "amount = amount + 0.01, changes = changes + 1", "seen = seen + 1, meaning = CONCAT(word, ' ')",
            "size = size + 1, body = CONCAT(body, x'00')", "value = value / 3, raw = -raw / 3, tag = 'x '"};
        for (size_t t = 0; t < std::size(kVaultTables); ++t) {
          if (table != kVaultTables[t]) continue;
          statements.push_back(fmt::format("UPDATE vault.{} SET {} WHERE {}", table, kChanges[t], match));
        }
      }
    }
  }
  statements.push_back("COMMIT");
  return statements;
}

}  // namespace srdf::test
