// Joining, repeating, triangles.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace cannsim {

OP(aclnnCat, (TensorList, tensors), (std::int64_t, dim), (Out, out)) { at::cat_out(out, tensors, dim); }
OP(aclnnStack, (TensorList, tensors), (std::int64_t, dim), (Out, out)) { at::stack_out(out, tensors, dim); }
OP(aclnnRepeat, (Tensor, self), (IntArray, repeats), (Out, out)) { put(out, self.repeat(repeats)); }
OP(aclnnTriu, (Tensor, self), (std::int64_t, diagonal), (Out, out)) { at::triu_out(out, self, diagonal); }
OP(aclnnTril, (Tensor, self), (std::int64_t, diagonal), (Out, out)) { at::tril_out(out, self, diagonal); }

}  // namespace cannsim
