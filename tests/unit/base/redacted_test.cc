#include "base/redacted.h"

#include <gtest/gtest.h>

namespace srdf {
namespace {

TEST(Redacted, NothingOfAnErrorsTextIsLeft) {
  const Status error(StatusCode::kDivergence, "row {\"id\":4711} is missing", "insert 4711");
  const Status shown = Redacted(error, "wagon 9, of app.t");
  EXPECT_EQ(shown.code(), StatusCode::kDivergence);
  EXPECT_EQ(shown.ToString().find("4711"), std::string::npos) << shown.ToString();
  EXPECT_NE(shown.message().find("wagon 9, of app.t"), std::string::npos);
  EXPECT_NE(shown.remedy().find("srdfctl status"), std::string::npos);
  EXPECT_TRUE(Redacted(Status(), "nothing").ok());
}

}  // namespace
}  // namespace srdf
