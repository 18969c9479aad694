// Optimizers.
#include <ATen/ATen.h>

#include <cmath>

#include "opapi/op.h"

namespace softcann {

// AdamW as in torch.optim, with decoupled weight decay; `step` is 0 at the first call.
OP(aclnnApplyAdamWV2, (InOut, parameter), (InOut, average), (InOut, square_average),
   (OptionalOut, max_square_average), (Tensor, gradient), (Tensor, step), (float, rate), (float, beta1),
   (float, beta2), (float, decay), (float, eps), (bool, amsgrad), (bool, maximize)) {
  TORCH_CHECK(!amsgrad, "amsgrad is not supported");
  if (planned(parameter, broadcast(parameter, average, square_average, gradient))) return;
  const auto descent = maximize ? -gradient : gradient;
  parameter.mul_(1 - static_cast<double>(rate) * decay);
  average.lerp_(descent, 1 - static_cast<double>(beta1));
  square_average.mul_(beta2).addcmul_(descent, descent, 1 - static_cast<double>(beta2));
  const auto steps = step.item().toDouble() + 1;
  const auto correction1 = 1 - std::pow(static_cast<double>(beta1), steps);
  const auto correction2 = 1 - std::pow(static_cast<double>(beta2), steps);
  const auto denominator = square_average.sqrt().div_(std::sqrt(correction2)).add_(eps);
  parameter.addcdiv_(average, denominator, -static_cast<double>(rate) / correction1);
}

}  // namespace softcann
