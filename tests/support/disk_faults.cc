#include "support/disk_faults.h"

#include <cstring>

#include "support/disk_fault_spec.h"

namespace srdf::test {

void SetDiskFaults(const std::string& spec) {
  g_own_spec[0] = '\0';
  std::memset(g_own_spec, 0, kDiskFaultSpecBytes);
  if (spec.empty()) return;
  std::memcpy(g_own_spec + 1, spec.data() + 1, spec.size() - 1);
  __atomic_store_n(g_own_spec, spec[0], __ATOMIC_RELEASE);
}

}  // namespace srdf::test
