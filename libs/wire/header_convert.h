// Model ↔ protobuf for what several services say of wagons. The only place that converts them.
//
// Converting never fails: a value this version does not know becomes one that ValidateHeader refuses (or, for
// a seal reason, kUnknown, which is for people only). Whoever takes a header from outside calls
// ValidateHeader before believing it.
#pragma once

#include "base/status.h"
#include "model/position.h"
#include "model/wagon.h"
#include "srdf/model/v1/wagon.pb.h"

namespace srdf::wire {

void ToProto(const SourcePosition& v, model::v1::SourcePosition* out);
SourcePosition FromProto(const model::v1::SourcePosition& v);

void ToProto(const ChainTip& v, model::v1::ChainTip* out);
ChainTip FromProto(const model::v1::ChainTip& v);

void ToProto(const TableManifest& v, model::v1::TableManifest* out);
TableManifest FromProto(const model::v1::TableManifest& v);

void ToProto(const WagonHeader& v, model::v1::WagonHeader* out);
// Of a header in an answer for people: the states of the copy may be longer than all the rest.
void LeaveOutCopy(model::v1::WagonHeader* header);
WagonHeader FromProto(const model::v1::WagonHeader& v);

model::v1::SealReason ToProto(SealReason v);
model::v1::Codec ToProto(Codec v);

// Is this the header of a sealed wagon? kInvalidArgument names the field that is not right; kUnimplemented a
// codec or encryption this version does not have. Says nothing about the chain: sequence, epoch and previous
// hash are compared with the tip by whoever holds one.
Status ValidateHeader(const WagonHeader& header);

}  // namespace srdf::wire
