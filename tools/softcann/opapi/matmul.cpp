// Matrix products. ATen receives views unchanged, so a transposed weight is not copied.
#include <ATen/ATen.h>

#include "opapi/op.h"
#include "opapi/precision.h"

namespace softcann {

OP(aclnnMm, (Tensor, self), (Tensor, other), (Out, out), (CubeMath, math)) {
  if (planned(out, product(self, other))) return;
  at::mm_out(out, cube_operand(self, math), cube_operand(other, math));
}

OP(aclnnBatchMatMul, (Tensor, self), (Tensor, other), (Out, out), (CubeMath, math)) {
  if (planned(out, product(self, other))) return;
  at::bmm_out(out, cube_operand(self, math), cube_operand(other, math));
}

OP(aclnnMatmul, (Tensor, self), (Tensor, other), (Out, out), (CubeMath, math)) {
  if (planned(out, product(self, other))) return;
  const auto left = cube_operand(self, math);
  const auto right = cube_operand(other, math);
  if (left.dim() == 2 && right.dim() == 2) {
    at::mm_out(out, left, right);
  } else {
    put(out, at::matmul(left, right));
  }
}

OP(aclnnAddmm, (Tensor, self), (Tensor, left), (Tensor, right), (Scalar, beta), (Scalar, alpha), (Out, out),
   (CubeMath, math)) {
  if (planned(out, broadcast(self.sizes(), product(left, right)))) return;
  at::addmm_out(out, self, cube_operand(left, math), cube_operand(right, math), beta, alpha);
}

OP(aclnnBaddbmm, (Tensor, self), (Tensor, left), (Tensor, right), (Scalar, beta), (Scalar, alpha), (Out, out),
   (CubeMath, math)) {
  if (planned(out, broadcast(self.sizes(), product(left, right)))) return;
  at::baddbmm_out(out, self, cube_operand(left, math), cube_operand(right, math), beta, alpha);
}

}  // namespace softcann
