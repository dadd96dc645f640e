// What the configuration says about a queue's disk.
#pragma once

#include "config/config.h"
#include "store/store_options.h"

namespace srdf::store {

inline StoreOptions OptionsOf(const config::Config& config) {
  StoreOptions options;
  options.disk_reserve_bytes = config.disk_reserve_bytes;
  options.disk_slow_sync = std::chrono::milliseconds(config.disk_slow_sync_ms);
  return options;
}

}  // namespace srdf::store
