// Joins and repeats tensors, and takes their triangles.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace softcann {

OP(aclnnCat, (TensorList, tensors), (std::int64_t, dim), (Out, out)) {
  if (planned()) return;
  at::cat_out(out, tensors, dim);
}
OP(aclnnStack, (TensorList, tensors), (std::int64_t, dim), (Out, out)) {
  if (planned()) return;
  at::stack_out(out, tensors, dim);
}

OP(aclnnRepeat, (Tensor, self), (IntArray, repeats), (Out, out)) {
  TORCH_CHECK(static_cast<std::int64_t>(repeats.size()) >= self.dim(), "fewer repeats than dimensions");
  if (planned()) return;
  put(out, self.repeat(repeats));
}

OP(aclnnTriu, (Tensor, self), (std::int64_t, diagonal), (Out, out)) {
  if (planned(out, self.sizes())) return;
  at::triu_out(out, self, diagonal);
}
OP(aclnnTril, (Tensor, self), (std::int64_t, diagonal), (Out, out)) {
  if (planned(out, self.sizes())) return;
  at::tril_out(out, self, diagonal);
}

}  // namespace softcann
