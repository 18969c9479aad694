#include "opapi/arguments.h"

#include <ATen/ops/from_blob.h>

namespace softcann {

const Tensor& tensor_of(const aclTensor* handle) {
  TORCH_CHECK(handle, "is null");
  TORCH_CHECK(handle->problem.empty(), handle->problem);
  return handle->view;
}

void SizedOutput::write(const Tensor& result) {
  TORCH_CHECK(result.numel() <= room_.numel(), "the result has ", result.numel(),
              " elements, the output has room for ", room_.numel());
  auto shaped = at::from_blob(room_.data_ptr(), result.sizes(), room_.options());
  shaped.copy_(result);
  handle_->view = shaped;
}

CubeMath Argument<CubeMath>::read(Abi value) {
  TORCH_CHECK(value >= 0 && value <= 3, "is ", static_cast<int>(value), ", not 0 to 3");
  return static_cast<CubeMath>(value);
}

Text Argument<Text>::read(Abi value) {
  TORCH_CHECK(value, "is null");
  return value;
}

Mask3 Argument<Mask3>::read(Abi handle) {
  TORCH_CHECK(handle && handle->values.size() == 3, "is not a mask of three values");
  return {handle->values[0], handle->values[1], handle->values[2]};
}

Scalar Argument<Scalar>::read(Abi handle) {
  TORCH_CHECK(handle, "is null");
  return handle->value;
}

Tensors Argument<TensorList>::read(Abi handle) {
  TORCH_CHECK(handle, "is null");
  Tensors tensors;
  tensors.reserve(handle->elements.size());
  for (const auto* element : handle->elements) tensors.push_back(element ? tensor_of(element) : Tensor());
  return tensors;
}

SizedOutput Argument<SizedOut>::read(Abi handle) {
  tensor_of(handle);
  return SizedOutput(handle);
}

}  // namespace softcann
