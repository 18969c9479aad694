// Elementwise ops that write to their first operand.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace softcann {

#define WITH_TENSOR(SYMBOL, METHOD)                    \
  OP(SYMBOL, (InOut, self), (Tensor, other)) {         \
    if (planned(self, broadcast(self, other))) return; \
    self.METHOD(other);                                \
  }
#define WITH_SCALAR(SYMBOL, METHOD)            \
  OP(SYMBOL, (InOut, self), (Scalar, other)) { \
    if (planned()) return;                     \
    self.METHOD(other);                        \
  }

WITH_TENSOR(aclnnInplaceMul, mul_)
WITH_SCALAR(aclnnInplaceMuls, mul_)
WITH_TENSOR(aclnnInplaceDiv, div_)
WITH_SCALAR(aclnnInplaceDivs, div_)
WITH_SCALAR(aclnnInplacePowTensorScalar, pow_)

#define SCALED(TENSOR, SCALAR, METHOD)                          \
  OP(TENSOR, (InOut, self), (Tensor, other), (Scalar, alpha)) { \
    if (planned(self, broadcast(self, other))) return;          \
    self.METHOD(other, alpha);                                  \
  }                                                             \
  OP(SCALAR, (InOut, self), (Scalar, other), (Scalar, alpha)) { \
    if (planned()) return;                                      \
    self.METHOD(other, alpha);                                  \
  }

SCALED(aclnnInplaceAdd, aclnnInplaceAdds, add_)
SCALED(aclnnInplaceSub, aclnnInplaceSubs, sub_)

OP(aclnnInplaceAddcdiv, (InOut, self), (Tensor, first), (Tensor, second), (Scalar, value)) {
  if (planned(self, broadcast(self, first, second))) return;
  self.addcdiv_(first, second, value);
}
OP(aclnnInplaceAddcmul, (InOut, self), (Tensor, first), (Tensor, second), (Scalar, value)) {
  if (planned(self, broadcast(self, first, second))) return;
  self.addcmul_(first, second, value);
}

OP(aclnnInplaceLerp, (InOut, self), (Tensor, end), (Tensor, weight)) {
  if (planned(self, broadcast(self, end, weight))) return;
  self.lerp_(end, weight);
}
OP(aclnnInplaceLerps, (InOut, self), (Tensor, end), (Scalar, weight)) {
  if (planned(self, broadcast(self, end))) return;
  self.lerp_(end, weight);
}

OP(aclnnInplaceMaskedFillScalar, (InOut, self), (Tensor, mask), (Scalar, value)) {
  if (planned(self, broadcast(self, mask))) return;
  self.masked_fill_(mask, value);
}
OP(aclnnInplaceMaskedFillTensor, (InOut, self), (Tensor, mask), (Tensor, value)) {
  TORCH_CHECK(value.numel() == 1, "the fill value has ", value.numel(), " elements");
  if (planned(self, broadcast(self, mask))) return;
  self.masked_fill_(mask, value.reshape({}));
}

}  // namespace softcann
