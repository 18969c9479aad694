// Convolutions and image resizing.
#include <ATen/ATen.h>

#include "opapi/op.h"
#include "opapi/precision.h"

namespace softcann {
namespace {

// torch_npu passes 0 for a scale that is not given.
std::optional<double> given(double scale) { return scale > 0 ? std::optional(scale) : std::nullopt; }

// The shape of a convolution's result.
Shape convolved(const Tensor& input, const Tensor& weight, at::IntArrayRef stride, at::IntArrayRef padding,
                at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding,
                std::int64_t groups) {
  TORCH_CHECK(input.dim() == weight.dim() && input.dim() > 2, "input has ", input.dim(),
              " dimensions, weight ", weight.dim());
  const auto channels = transposed ? weight.size(0) : weight.size(1) * groups;
  TORCH_CHECK(input.size(1) == channels, "input has ", input.size(1), " channels, weight takes ", channels);
  Shape shape{input.size(0), transposed ? weight.size(1) * groups : weight.size(0)};
  for (std::int64_t axis = 2; axis < input.dim(); ++axis) {
    const auto of = [axis](at::IntArrayRef values) {
      return values.size() == 1 ? values[0] : values.at(axis - 2);
    };
    const auto reach = of(dilation) * (weight.size(axis) - 1) + 1;
    const auto side = input.size(axis);
    shape.push_back(transposed ? (side - 1) * of(stride) - 2 * of(padding) + reach + of(output_padding)
                               : (side + 2 * of(padding) - reach) / of(stride) + 1);
  }
  return shape;
}

}  // namespace

OP(aclnnConvolution, (Tensor, input), (Tensor, weight), (OptionalTensor, bias), (IntArray, stride),
   (IntArray, padding), (IntArray, dilation), (bool, transposed), (IntArray, output_padding),
   (std::int64_t, groups), (Out, out), (CubeMath, math)) {
  if (planned(out, convolved(input, weight, stride, padding, dilation, transposed, output_padding, groups)))
    return;
  put(out, at::convolution(cube_operand(input, math), cube_operand(weight, math), bias, stride, padding,
                           dilation, transposed, output_padding, groups));
}

// The gradient of the bias is a sum, which does not run on the matrix unit, so nothing is rounded.
OP(aclnnConvolutionBackward, (Tensor, gradient), (Tensor, input), (Tensor, weight), (IntArray, bias_sizes),
   (IntArray, stride), (IntArray, padding), (IntArray, dilation), (bool, transposed),
   (IntArray, output_padding), (std::int64_t, groups), (Mask3, wanted), (CubeMath, math),
   (OptionalOut, input_gradient), (OptionalOut, weight_gradient), (OptionalOut, bias_gradient)) {
  TORCH_CHECK(covers(wanted, input_gradient, weight_gradient, bias_gradient), "a requested output is null");
  if (planned(gradient,
              convolved(input, weight, stride, padding, dilation, transposed, output_padding, groups)))
    return;
  const auto rounded = cube_operand(gradient, math);
  const auto [to_input, to_weight, unused] = at::convolution_backward(
      rounded, cube_operand(input, math), cube_operand(weight, math), std::nullopt, stride, padding, dilation,
      transposed, output_padding, groups, {wanted[0], wanted[1], false});
  if (wanted[0]) put(input_gradient.value(), to_input);
  if (wanted[1]) put(weight_gradient.value(), to_weight);
  if (wanted[2]) {
    std::vector<std::int64_t> all_but_channels{0};
    for (std::int64_t axis = 2; axis < gradient.dim(); ++axis) all_but_channels.push_back(axis);
    put(bias_gradient.value(), gradient.sum(all_but_channels));
  }
}

OP(aclnnUpsampleBilinear2d, (Tensor, self), (IntArray, output_size), (bool, align_corners),
   (double, scale_height), (double, scale_width), (Out, out)) {
  if (planned(out, {self.size(0), self.size(1), output_size.at(0), output_size.at(1)})) return;
  put(out,
      at::upsample_bilinear2d(self, output_size, align_corners, given(scale_height), given(scale_width)));
}

}  // namespace softcann
