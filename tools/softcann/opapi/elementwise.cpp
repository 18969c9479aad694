// Elementwise functions.
#include <ATen/ATen.h>
#include <ATen/ScalarOps.h>

#include "opapi/op.h"

namespace softcann {

#define UNARY(SYMBOL, FUNCTION)             \
  OP(SYMBOL, (Tensor, self), (Out, out)) {  \
    if (planned(out, self.sizes())) return; \
    at::FUNCTION##_out(out, self);          \
  }

UNARY(aclnnAbs, abs)
UNARY(aclnnBitwiseNot, bitwise_not)
UNARY(aclnnCeil, ceil)
UNARY(aclnnCos, cos)
UNARY(aclnnErf, erf)
UNARY(aclnnErfinv, erfinv)
UNARY(aclnnExp, exp)
UNARY(aclnnFloor, floor)
UNARY(aclnnIsNegInf, isneginf)
UNARY(aclnnIsPosInf, isposinf)
UNARY(aclnnLog, log)
UNARY(aclnnLog10, log10)
UNARY(aclnnLogicalNot, logical_not)
UNARY(aclnnNeg, neg)
UNARY(aclnnReciprocal, reciprocal)
UNARY(aclnnRsqrt, rsqrt)
UNARY(aclnnSigmoid, sigmoid)
UNARY(aclnnSign, sign)
UNARY(aclnnSilu, silu)
UNARY(aclnnSin, sin)
UNARY(aclnnSqrt, sqrt)
UNARY(aclnnTanh, tanh)

#define BINARY(SYMBOL, FUNCTION)                            \
  OP(SYMBOL, (Tensor, self), (Tensor, other), (Out, out)) { \
    if (planned(out, broadcast(self, other))) return;       \
    at::FUNCTION##_out(out, self, other);                   \
  }

BINARY(aclnnBitwiseAndTensor, bitwise_and)
BINARY(aclnnBitwiseOrTensor, bitwise_or)
BINARY(aclnnBitwiseXorTensor, bitwise_xor)
BINARY(aclnnDiv, div)
BINARY(aclnnLogicalAnd, logical_and)
BINARY(aclnnLogicalOr, logical_or)
BINARY(aclnnMaximum, maximum)
BINARY(aclnnMinimum, minimum)
BINARY(aclnnMul, mul)
BINARY(aclnnPowTensorTensor, pow)

// ATen has no form of these that writes a result with a scalar straight to its output, but for a wrapped
// number.
#define WITH_SCALAR(SYMBOL, FUNCTION)                                        \
  OP(SYMBOL, (Tensor, self), (Scalar, other), (Out, out)) {                  \
    if (planned(out, self.sizes())) return;                                  \
    at::FUNCTION##_out(out, self, at::native::wrapped_scalar_tensor(other)); \
  }

WITH_SCALAR(aclnnDivs, div)
WITH_SCALAR(aclnnMuls, mul)

#define OF_SCALAR(SYMBOL, FUNCTION)                         \
  OP(SYMBOL, (Tensor, self), (Scalar, other), (Out, out)) { \
    if (planned(out, self.sizes())) return;                 \
    at::FUNCTION##_out(out, self, other);                   \
  }

OF_SCALAR(aclnnClampMax, clamp_max)
OF_SCALAR(aclnnClampMin, clamp_min)
OF_SCALAR(aclnnPowTensorScalar, pow)

OP(aclnnPowScalarTensor, (Scalar, self), (Tensor, exponent), (Out, out)) {
  if (planned(out, exponent.sizes())) return;
  at::pow_out(out, self, exponent);
}

OP(aclnnClamp, (Tensor, self), (OptionalScalar, least), (OptionalScalar, greatest), (Out, out)) {
  if (planned(out, self.sizes())) return;
  at::clamp_out(out, self, least, greatest);
}

// Sums and differences, of which the second operand counts alpha times.
#define SUM(WITH_TENSOR, SCALED, FUNCTION, FIRST, SECOND)                         \
  OP(WITH_TENSOR, (Tensor, self), (Tensor, other), (Scalar, alpha), (Out, out)) { \
    if (planned(out, broadcast(self, other))) return;                             \
    at::FUNCTION##_out(out, FIRST, SECOND, alpha);                                \
  }                                                                               \
  OP(SCALED, (Tensor, self), (Scalar, number), (Scalar, alpha), (Out, out)) {     \
    if (planned(out, self.sizes())) return;                                       \
    const auto other = at::native::wrapped_scalar_tensor(number);                 \
    at::FUNCTION##_out(out, FIRST, SECOND, alpha);                                \
  }

SUM(aclnnAdd, aclnnAdds, add, self, other)
SUM(aclnnSub, aclnnSubs, sub, self, other)
SUM(aclnnRsub, aclnnRsubs, sub, other, self)

OP(aclnnSWhere, (Tensor, condition), (Tensor, self), (Tensor, other), (Out, out)) {
  if (planned(out, broadcast(condition, self, other))) return;
  at::where_out(out, condition, self, other);
}

OP(aclnnAddcdiv, (Tensor, self), (Tensor, first), (Tensor, second), (Scalar, value), (Out, out)) {
  if (planned(out, broadcast(self, first, second))) return;
  at::addcdiv_out(out, self, first, second, value);
}
OP(aclnnAddcmul, (Tensor, self), (Tensor, first), (Tensor, second), (Scalar, value), (Out, out)) {
  if (planned(out, broadcast(self, first, second))) return;
  at::addcmul_out(out, self, first, second, value);
}

}  // namespace softcann
