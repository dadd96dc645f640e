#include <gtest/gtest.h>

#include "engine_mariadb/target_preflight.h"

namespace srdf::engine_mariadb {
namespace {

using Names = std::vector<std::string>;

TEST(GrantedPrivileges, AreReadFromTheLinesThatConcernTheServerOrTheDatabase) {
  const Names grants = {
      "GRANT `role` TO `u`@`%`",
      "GRANT SELECT, READ_ONLY ADMIN, CREATE VIEW ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB'",
      "GRANT SELECT, UPDATE ON `srdf`.* TO `u`@`%`",
      "GRANT DELETE ON `other`.* TO `u`@`%`",
      "GRANT DROP ON `srdf`.`checkpoint` TO `u`@`%`",
  };
  EXPECT_EQ((Names{"SELECT", "READ ONLY ADMIN", "CREATE VIEW"}), GrantedPrivileges(grants, ""));
  EXPECT_EQ((Names{"SELECT", "READ ONLY ADMIN", "CREATE VIEW", "SELECT", "UPDATE"}),
            GrantedPrivileges(grants, "srdf"));
}

}  // namespace
}  // namespace srdf::engine_mariadb
