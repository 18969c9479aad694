// Functions of one element at a time.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace cannsim {

#define UNARY(SYMBOL, FUNCTION) \
  OP(SYMBOL, (Tensor, self), (Out, out)) { at::FUNCTION##_out(out, self); }

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

#define BINARY(SYMBOL, FUNCTION) \
  OP(SYMBOL, (Tensor, self), (Tensor, other), (Out, out)) { at::FUNCTION##_out(out, self, other); }

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

// A scalar counts as a number of Python's, which does not raise the type of a tensor of its own kind.
#define WITH_SCALAR(SYMBOL, FUNCTION) \
  OP(SYMBOL, (Tensor, self), (Scalar, other), (Out, out)) { at::FUNCTION##_out(out, self, other); }

WITH_SCALAR(aclnnClampMax, clamp_max)
WITH_SCALAR(aclnnClampMin, clamp_min)
WITH_SCALAR(aclnnDivs, div)
WITH_SCALAR(aclnnMuls, mul)
WITH_SCALAR(aclnnPowTensorScalar, pow)

OP(aclnnPowScalarTensor, (Scalar, self), (Tensor, exponent), (Out, out)) { at::pow_out(out, self, exponent); }

OP(aclnnClamp, (Tensor, self), (OptionalScalar, least), (OptionalScalar, greatest), (Out, out)) {
  at::clamp_out(out, self, least, greatest);
}

OP(aclnnAdd, (Tensor, self), (Tensor, other), (Scalar, alpha), (Out, out)) { at::add_out(out, self, other, alpha); }
OP(aclnnAdds, (Tensor, self), (Scalar, other), (Scalar, alpha), (Out, out)) { at::add_out(out, self, other, alpha); }
OP(aclnnSub, (Tensor, self), (Tensor, other), (Scalar, alpha), (Out, out)) { at::sub_out(out, self, other, alpha); }
OP(aclnnSubs, (Tensor, self), (Scalar, other), (Scalar, alpha), (Out, out)) { at::sub_out(out, self, other, alpha); }
OP(aclnnRsub, (Tensor, self), (Tensor, other), (Scalar, alpha), (Out, out)) { at::sub_out(out, other, self, alpha); }
OP(aclnnRsubs, (Tensor, self), (Scalar, other), (Scalar, alpha), (Out, out)) { put(out, at::rsub(self, other, alpha)); }

OP(aclnnSWhere, (Tensor, condition), (Tensor, self), (Tensor, other), (Out, out)) {
  at::where_out(out, condition, self, other);
}

OP(aclnnAddcdiv, (Tensor, self), (Tensor, first), (Tensor, second), (Scalar, value), (Out, out)) {
  at::addcdiv_out(out, self, first, second, value);
}
OP(aclnnAddcmul, (Tensor, self), (Tensor, first), (Tensor, second), (Scalar, value), (Out, out)) {
  at::addcmul_out(out, self, first, second, value);
}

}  // namespace cannsim
