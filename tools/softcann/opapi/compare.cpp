// Comparisons.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace softcann {

#define COMPARE(WITH_TENSOR, WITH_SCALAR, FUNCTION)              \
  OP(WITH_TENSOR, (Tensor, self), (Tensor, other), (Out, out)) { \
    if (planned(out, broadcast(self, other))) return;            \
    at::FUNCTION##_out(out, self, other);                        \
  }                                                              \
  OP(WITH_SCALAR, (Tensor, self), (Scalar, other), (Out, out)) { \
    if (planned(out, self.sizes())) return;                      \
    at::FUNCTION##_out(out, self, other);                        \
  }

COMPARE(aclnnEqTensor, aclnnEqScalar, eq)
COMPARE(aclnnNeTensor, aclnnNeScalar, ne)
COMPARE(aclnnGtTensor, aclnnGtScalar, gt)
COMPARE(aclnnGeTensor, aclnnGeScalar, ge)
COMPARE(aclnnLtTensor, aclnnLtScalar, lt)
COMPARE(aclnnLeTensor, aclnnLeScalar, le)

OP(aclnnIsFinite, (Tensor, self), (Out, out)) {
  if (planned(out, self.sizes())) return;
  put(out, at::isfinite(self));
}

OP(aclnnIsClose, (Tensor, self), (Tensor, other), (double, rtol), (double, atol), (bool, equal_nan),
   (Out, out)) {
  if (planned(out, broadcast(self, other))) return;
  put(out, at::isclose(self, other, rtol, atol, equal_nan));
}

OP(aclnnEqual, (Tensor, self), (Tensor, other), (Out, out)) {
  if (planned()) return;
  out.fill_(at::equal(self, other));
}

}  // namespace softcann
