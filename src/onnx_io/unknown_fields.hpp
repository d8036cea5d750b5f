#pragma once
#include <onnx/onnx_pb.h>

#include <string>

namespace roofline::onnx_io {

/// Fields newer than the onnx classes we compile against are read from what protobuf kept as
/// unknown. Included by .cpp files that include the onnx classes anyway.

/// The last length-delimited unknown field of that number, or "".
template <class Message>
std::string unknown_string(const Message& message, int number) {
  const google::protobuf::UnknownFieldSet& fields = message.unknown_fields();
  for (int i = fields.field_count() - 1; i >= 0; --i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() == number &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      return field.length_delimited();
    }
  }
  return {};
}

/// All unknown fields of that number, parsed; what does not parse is left out.
template <class Wanted, class Message>
google::protobuf::RepeatedPtrField<Wanted> unknown_messages(const Message& message, int number) {
  google::protobuf::RepeatedPtrField<Wanted> found;
  const google::protobuf::UnknownFieldSet& fields = message.unknown_fields();
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() != number ||
        field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      continue;
    }
    if (!found.Add()->ParseFromString(field.length_delimited())) found.RemoveLast();
  }
  return found;
}

}  // namespace roofline::onnx_io
