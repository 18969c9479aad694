// Element by element, into the first operand.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace cannsim {

OP(aclnnInplaceAdd, (InOut, self), (Tensor, other), (Scalar, alpha)) { self.add_(other, alpha); }
OP(aclnnInplaceAdds, (InOut, self), (Scalar, other), (Scalar, alpha)) { self.add_(other, alpha); }
OP(aclnnInplaceSub, (InOut, self), (Tensor, other), (Scalar, alpha)) { self.sub_(other, alpha); }
OP(aclnnInplaceSubs, (InOut, self), (Scalar, other), (Scalar, alpha)) { self.sub_(other, alpha); }
OP(aclnnInplaceMul, (InOut, self), (Tensor, other)) { self.mul_(other); }
OP(aclnnInplaceMuls, (InOut, self), (Scalar, other)) { self.mul_(other); }
OP(aclnnInplaceDiv, (InOut, self), (Tensor, other)) { self.div_(other); }
OP(aclnnInplaceDivs, (InOut, self), (Scalar, other)) { self.div_(other); }
OP(aclnnInplacePowTensorScalar, (InOut, self), (Scalar, exponent)) { self.pow_(exponent); }

OP(aclnnInplaceAddcdiv, (InOut, self), (Tensor, first), (Tensor, second), (Scalar, value)) {
  self.addcdiv_(first, second, value);
}
OP(aclnnInplaceAddcmul, (InOut, self), (Tensor, first), (Tensor, second), (Scalar, value)) {
  self.addcmul_(first, second, value);
}

OP(aclnnInplaceLerp, (InOut, self), (Tensor, end), (Tensor, weight)) { self.lerp_(end, weight); }
OP(aclnnInplaceLerps, (InOut, self), (Tensor, end), (Scalar, weight)) { self.lerp_(end, weight); }

OP(aclnnInplaceMaskedFillScalar, (InOut, self), (Tensor, mask), (Scalar, value)) { self.masked_fill_(mask, value); }
OP(aclnnInplaceMaskedFillTensor, (InOut, self), (Tensor, mask), (Tensor, value)) {
  self.masked_fill_(mask, value.reshape({}));
}

}  // namespace cannsim
