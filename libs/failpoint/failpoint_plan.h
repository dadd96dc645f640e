// What SRDF_FAILPOINTS says, decided pass by pass. The grammar is in failpoint.h. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/status.h"
#include "failpoint/failpoint_names.h"

namespace srdf::failpoint {

class Plan {
 public:
  // An unknown name is an error that lists all names; a text that is not understood is one that shows how.
  static Result<Plan> Parse(std::string_view text, uint64_t seed);

  // True when the process has to end here.
  bool Pass(size_t index);

 private:
  struct Order {
    uint64_t at_pass = 0;  // 0: not by number
    double chance = 0;     // of each pass, 0 to 1
    uint64_t passes = 0;
  };
  static Result<Order> ParseOrder(std::string_view word);

  std::array<Order, kCount> orders_;
  std::mt19937_64 random_;
};

}  // namespace srdf::failpoint
