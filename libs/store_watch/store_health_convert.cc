#include "store_watch/store_health_convert.h"

namespace srdf::store {

void ToProto(const StoreHealth& health, model::v1::StoreHealth* out) {
  out->set_state(StoreStateName(health.state));
  out->set_path(health.path);
  out->set_since_ms(health.since_ms);
  out->set_takes_wagons(health.takes_wagons);
  out->set_writable(health.writable);
  out->set_bytes_free(health.bytes_free);
  out->set_bytes_reserve(health.bytes_reserve);
  out->set_generation(health.generation);
}

}  // namespace srdf::store
