// In which order views can be made: each after those that it reads.
//
// By the text that SHOW CREATE VIEW shows, where every name is between back-ticks and a table stands as
// `name` or `database`.`name` behind a word or a sign, a column as `table`.`name` and an alias behind AS or
// another name. What is taken for a view by mistake can only be wrong where it makes a circle, which real
// views never do: then the order given holds.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace srdf::engine_mariadb {

struct ViewText {
  std::string database;
  std::string name;
  std::string sql;
};

// Places in `views`, in that order; otherwise as given. Pure.
std::vector<size_t> OrderOfViews(const std::vector<ViewText>& views);

}  // namespace srdf::engine_mariadb
