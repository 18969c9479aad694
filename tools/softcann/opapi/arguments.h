// The types of an op's parameters. Each defines what the C function receives (Abi), what is stored between
// the phases (Value: the caller may destroy its handles and strings before phase 2), and what the body
// receives (Passed).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "opapi/objects.h"

namespace softcann {

using at::Scalar;
using at::Tensor;
using OptionalTensor = std::optional<Tensor>;
using OptionalScalar = std::optional<Scalar>;
using Text = std::string;
using Mask3 = std::array<bool, 3>;

struct Out;          // written
struct OptionalOut;  // written unless it is null
struct InOut;        // read and written
struct OutList;      // each one written
struct SizedOut;     // written; the op decides its shape
struct TensorList;   // an element that is null becomes an undefined tensor
struct IntArray;     // null stands for an empty one

// CANN's cubeMathType: how a matrix product treats float32.
enum class CubeMath : std::int8_t { keep = 0, allow_down_precision = 1, half = 2, hf32 = 3 };

// An output with room for the largest possible result; `write` sets the shape of the actual one.
class SizedOutput {
 public:
  explicit SizedOutput(aclTensor* handle) : handle_(handle), room_(handle->view) {}
  const Tensor& room() const { return room_; }
  void write(const Tensor& result);

 private:
  aclTensor* handle_;
  Tensor room_;
};

// The tensor of a handle. Throws when the handle is null or no op may use the tensor.
const Tensor& tensor_of(const aclTensor* handle);

using Tensors = std::vector<Tensor>;

template <typename T>
struct PlainArgument {
  using Abi = T;
  using Value = T;
  using Passed = T;
  static Value read(Abi value) { return value; }
  static void outputs(Tensors&, const Value&) {}
};

template <typename Tag>
struct Argument;

template <>
struct Argument<bool> : PlainArgument<bool> {};
template <>
struct Argument<double> : PlainArgument<double> {};
template <>
struct Argument<float> : PlainArgument<float> {};
template <>
struct Argument<std::int64_t> : PlainArgument<std::int64_t> {};
template <>
struct Argument<std::uint64_t> : PlainArgument<std::uint64_t> {};

template <>
struct Argument<CubeMath> : PlainArgument<CubeMath> {
  using Abi = std::int8_t;
  static Value read(Abi value);
};

template <>
struct Argument<at::ScalarType> : PlainArgument<at::ScalarType> {
  using Abi = aclDataType;
  static Value read(Abi value) { return scalar_type(value); }
};

template <>
struct Argument<Text> : PlainArgument<Text> {
  using Abi = const char*;
  using Passed = const Text&;
  static Value read(Abi value);
};

template <>
struct Argument<Mask3> : PlainArgument<Mask3> {
  using Abi = const aclBoolArray*;
  static Value read(Abi handle);
};

template <>
struct Argument<Scalar> : PlainArgument<Scalar> {
  using Abi = const aclScalar*;
  using Passed = const Scalar&;
  static Value read(Abi handle);
};

template <>
struct Argument<OptionalScalar> : PlainArgument<OptionalScalar> {
  using Abi = const aclScalar*;
  using Passed = const OptionalScalar&;
  static Value read(Abi handle) { return handle ? Value(handle->value) : std::nullopt; }
};

template <>
struct Argument<IntArray> : PlainArgument<std::vector<std::int64_t>> {
  using Abi = const aclIntArray*;
  using Passed = at::IntArrayRef;
  static Value read(Abi handle) { return handle ? handle->values : Value(); }
};

template <>
struct Argument<Tensor> : PlainArgument<Tensor> {
  using Abi = const aclTensor*;
  using Passed = const Tensor&;
  static Value read(Abi handle) { return tensor_of(handle); }
};

template <>
struct Argument<OptionalTensor> : PlainArgument<OptionalTensor> {
  using Abi = const aclTensor*;
  using Passed = const OptionalTensor&;
  static Value read(Abi handle) { return handle ? Value(tensor_of(handle)) : std::nullopt; }
};

template <>
struct Argument<Out> : Argument<Tensor> {
  using Passed = Tensor&;
  static void outputs(Tensors& all, const Value& value) { all.push_back(value); }
};

template <>
struct Argument<InOut> : Argument<Out> {};

template <>
struct Argument<OptionalOut> : Argument<OptionalTensor> {
  using Passed = OptionalTensor&;
  static void outputs(Tensors& all, const Value& value) {
    if (value) all.push_back(*value);
  }
};

template <>
struct Argument<TensorList> : PlainArgument<Tensors> {
  using Abi = const aclTensorList*;
  using Passed = const Tensors&;
  static Value read(Abi handle);
};

template <>
struct Argument<OutList> : Argument<TensorList> {
  using Passed = Tensors&;
  static void outputs(Tensors& all, const Value& value) { all.insert(all.end(), value.begin(), value.end()); }
};

template <>
struct Argument<SizedOut> : PlainArgument<SizedOutput> {
  using Abi = aclTensor*;
  using Passed = SizedOutput&;
  static Value read(Abi handle);
  static void outputs(Tensors& all, const Value& value) { all.push_back(value.room()); }
};

}  // namespace softcann
