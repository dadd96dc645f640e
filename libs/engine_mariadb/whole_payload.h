// WholePayload: a payload that is read ahead when it is small, and read as it comes when it is not.
//
// One thread. Views live as PayloadReader says, those of a payload that was read ahead as long as the object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sink.h"

namespace srdf::engine_mariadb {

class WholePayload : public engine::PayloadReader {
 public:
  // `payload` and `kept`, whose memory is used, live longer.
  WholePayload(engine::PayloadReader* payload, std::string* kept) : payload_(payload), kept_(kept) {}

  // Before the first Next: is the payload, of which its header declares these bytes, no larger than
  // `bytes_max` and all there? Then it was read to its end, so that everything about it is proven. Errors are
  // the payload's.
  Result<bool> ReadWhole(uint64_t declared_bytes, uint64_t bytes_max) {
    SRDF_ASSIGN_OR_RETURN(std::string_view records, payload_->Next());
    ended_ = records.empty();
    ahead_ = {records};
    if (records.size() != declared_bytes || declared_bytes > bytes_max) return false;
    if (ended_) return true;
    kept_->assign(records);  // the next call ends the view
    ahead_ = {*kept_};
    SRDF_ASSIGN_OR_RETURN(records, payload_->Next());
    ended_ = records.empty();
    if (!ended_) ahead_.push_back(records);
    return ended_;
  }
  // What ReadWhole has read.
  std::string_view whole() const { return ahead_.front(); }

  Result<std::string_view> Next() override {
    if (given_ < ahead_.size()) return ahead_[given_++];
    if (ended_) return std::string_view();
    return payload_->Next();
  }

 private:
  engine::PayloadReader* const payload_;
  std::string* const kept_;
  std::vector<std::string_view> ahead_;
  size_t given_ = 0;
  bool ended_ = false;
};

}  // namespace srdf::engine_mariadb
