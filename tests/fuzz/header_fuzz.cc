// The protobuf header of a wagon, and the tip of a chain: what is valid survives being written again.
#include "fuzz/fuzz_target.h"
#include "unit/wire/frame_fixture.h"
#include "wire/header_convert.h"

namespace srdf::fuzz {

namespace {

std::string Bytes(const WagonHeader& header) {
  model::v1::WagonHeader proto;
  wire::ToProto(header, &proto);
  return proto.SerializeAsString();
}

}  // namespace

void FuzzOne(std::string_view input) {
  const wire::test::Quiet quiet;
  const std::string bytes(input);
  if (model::v1::WagonHeader proto; proto.ParseFromString(bytes)) {
    const WagonHeader header = wire::FromProto(proto);
    if (wire::ValidateHeader(header).ok()) {
      model::v1::WagonHeader again;
      Require(again.ParseFromString(Bytes(header)), "a valid header cannot be read again");
      const WagonHeader read = wire::FromProto(again);
      Require(wire::ValidateHeader(read).ok(), "a valid header is not valid when it is read again");
      Require(Bytes(read) == Bytes(header), "a header changes when it is written again");
    }
  }
  if (model::v1::ChainTip proto; proto.ParseFromString(bytes)) {
    const ChainTip tip = wire::FromProto(proto);
    model::v1::ChainTip again;
    wire::ToProto(tip, &again);
    Require(wire::FromProto(again) == tip, "a tip changes when it is written again");
  }
}

std::vector<std::string> Seeds() {
  const WagonHeader header = wire::test::MakeFrame({wire::test::SchemaRecord(1)}).header;
  model::v1::ChainTip tip;
  wire::ToProto(ChainTip{1, 7, header.uid, std::string(32, 'h'), header.last}, &tip);
  return {Bytes(header), tip.SerializeAsString()};
}

}  // namespace srdf::fuzz
