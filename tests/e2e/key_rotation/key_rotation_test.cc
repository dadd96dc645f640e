// Keys are rotated while rows flow: nothing is restarted, no wagon fails, and every wagon stays readable.
#include <set>
#include <sstream>

#include "e2e/support/mesh_test.h"

namespace srdf::test {
namespace {

using std::chrono::seconds;

class KeyRotation : public MeshTest {
 protected:
  std::string ActiveKey() const {
    const CommandResult list = mesh_->Ctl({"key", "list", "--output", "json"});
    const auto keys = nlohmann::json::parse(list.output, nullptr, false);
    if (!keys.is_object()) return list.errors;
    for (const auto& key : keys["keys"]) {
      if (key["state"] == "active") return key["id"];
    }
    return {};
  }
  std::set<std::string> KeysOfWagons() const {
    std::istringstream in(mesh_->Sqlite("outbox.db", "SELECT DISTINCT key_id FROM wagon").output);
    std::set<std::string> keys;
    for (std::string line; std::getline(in, line);) keys.insert(line);
    return keys;
  }
};

TEST_F(KeyRotation, UnderLoadNoWagonFailsAndOldOnesStayReadable) {
  ASSERT_NO_FATAL_FAILURE(StartServers());
  ASSERT_NO_FATAL_FAILURE(StartMesh());
  ASSERT_NO_FATAL_FAILURE(InitShop());
  BackgroundLoad load(Load(60, 300));
  std::set<std::string> used;
  constexpr int kRotations = 4;
  for (int i = 0; i < kRotations; ++i) {
    if (i % 2 == 0) {
      const CommandResult rotated = mesh_->Ctl({"key", "rotate"});
      ASSERT_EQ(rotated.exit_code, 0) << rotated.errors;
    } else {
      // As between two sites: first the key is everywhere, then it seals.
      const std::string id = "by-hand-" + std::to_string(i);
      ASSERT_EQ(mesh_->Ctl({"key", "add", "--id", id}).exit_code, 0);
      ASSERT_EQ(mesh_->Ctl({"key", "rotate", "--to", id}).exit_code, 0);
      EXPECT_EQ(ActiveKey(), id);
    }
    const std::string active = ActiveKey();
    ASSERT_TRUE(used.insert(active).second) << active;
    ASSERT_TRUE(Eventually(seconds(20), [&] { return KeysOfWagons().count(active) == 1; }))
        << "no wagon is sealed with " << active;
    EXPECT_TRUE(load.running());
  }
  ASSERT_OK(load.Stop().status());
  ASSERT_NO_FATAL_FAILURE(ExpectEqual());
  EXPECT_GE(KeysOfWagons().size(), static_cast<size_t>(kRotations));

  EXPECT_EQ(OutboxNumber("SELECT COUNT(*) FROM delivery WHERE status IN ('retry','failed','dead_letter')"),
            0);
  EXPECT_EQ(OutboxNumber("SELECT COUNT(*) FROM delivery WHERE attempts > 1"), 0);
  EXPECT_EQ(OutboxNumber("SELECT COUNT(*) FROM dead_letter"), 0);
  for (const std::string& service : kServices) EXPECT_EQ(mesh_->Starts(service), 1) << service;
  // One wagon of each key.
  for (const std::string& key : KeysOfWagons()) {
    std::string uid = mesh_
                          ->Sqlite("outbox.db", "SELECT uid FROM wagon WHERE key_id = '" + key +
                                                    "' AND rows_after > 0 ORDER BY sequence LIMIT 1")
                          .output;
    uid = uid.substr(0, uid.find('\n'));
    if (uid.empty()) continue;
    const CommandResult shown = mesh_->Ctl({"wagon", "show", uid, "--json", "rows"});
    EXPECT_EQ(shown.exit_code, 0) << shown.errors;
    EXPECT_NE(shown.output.find("\"table\":"), std::string::npos) << key;
  }
  // A key that a wagon of the outbox or the inbox needs is not forgotten by a word too few.
  std::string retired;
  for (const std::string& key : KeysOfWagons()) {
    if (key != ActiveKey()) retired = key;
  }
  const CommandResult needed = mesh_->Ctl({"key", "remove", retired, "--force"});
  EXPECT_EQ(needed.exit_code, 1);
  EXPECT_NE(needed.errors.find("in the outbox"), std::string::npos) << needed.errors;
  const CommandResult removed = mesh_->Ctl({"key", "remove", retired, "--force", "--force"});
  EXPECT_EQ(removed.exit_code, 0) << removed.errors;
  EXPECT_EQ(removed.output.find(retired), std::string::npos) << removed.output;

  // The one that seals cannot be retired; nothing that was printed is a key.
  const CommandResult refused = mesh_->Ctl({"key", "retire", ActiveKey()});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find("key rotate"), std::string::npos) << refused.errors;
}

}  // namespace
}  // namespace srdf::test
