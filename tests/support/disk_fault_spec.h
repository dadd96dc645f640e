// What the two halves of disk_faults.h share.
#pragma once

#include <cstddef>

namespace srdf::test {

inline constexpr size_t kDiskFaultSpecBytes = 1024;
inline constexpr const char* kDiskFaultVariable = "SRDF_TEST_DISK_FAULTS";
extern char g_own_spec[kDiskFaultSpecBytes];

}  // namespace srdf::test
