// Normalisation.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace softcann {
namespace {

// torch_npu passes the statistics in float32; ATen needs them in the input's type.
Tensor as_type(const Tensor& statistic, const Tensor& input) { return statistic.to(input.scalar_type()); }

// CANN's and ATen's statistics have the input's rank; torch_npu may request a flat tensor, or none.
void put_statistic(OptionalTensor& out, const Tensor& statistic) {
  if (out) put(*out, statistic.reshape(out->sizes()));
}

}  // namespace

OP(aclnnLayerNorm, (Tensor, input), (IntArray, normalized_shape), (OptionalTensor, weight),
   (OptionalTensor, bias), (double, eps), (Out, out), (OptionalOut, mean), (OptionalOut, rstd)) {
  if (planned(out, input.sizes())) return;
  const auto [result, its_mean, its_rstd] = at::native_layer_norm(input, normalized_shape, weight, bias, eps);
  put(out, result);
  put_statistic(mean, its_mean);
  put_statistic(rstd, its_rstd);
}

OP(aclnnLayerNormBackward, (Tensor, gradient), (Tensor, input), (IntArray, normalized_shape), (Tensor, mean),
   (Tensor, rstd), (OptionalTensor, weight), (OptionalTensor, bias), (Mask3, wanted),
   (OptionalOut, input_gradient), (OptionalOut, weight_gradient), (OptionalOut, bias_gradient)) {
  TORCH_CHECK(covers(wanted, input_gradient, weight_gradient, bias_gradient), "a requested output is null");
  if (planned()) return;
  const auto [to_input, to_weight, to_bias] = at::native_layer_norm_backward(
      gradient, input, normalized_shape, as_type(mean, input), as_type(rstd, input), weight, bias, wanted);
  if (wanted[0]) put(input_gradient.value(), to_input);
  if (wanted[1]) put(weight_gradient.value(), to_weight);
  if (wanted[2]) put(bias_gradient.value(), to_bias);
}

}  // namespace softcann
