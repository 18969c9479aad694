// Looking up and storing by index.
#include <ATen/ATen.h>

#include <algorithm>

#include "opapi/op.h"

namespace cannsim {
namespace {

at::List<std::optional<Tensor>> optional_indices(const Tensors& indices) {
  at::List<std::optional<Tensor>> result;
  for (const auto& index : indices) {
    const bool all = !index.defined() || index.numel() == 0;
    result.push_back(all ? std::nullopt : OptionalTensor(index));
  }
  return result;
}

// A mask says by its values how many elements it takes: there is no shape to check without memory.
bool has_mask(const Tensors& indices) {
  return std::any_of(indices.begin(), indices.end(), [](const Tensor& index) {
    return index.defined() && (index.scalar_type() == at::kBool || index.scalar_type() == at::kByte);
  });
}

}  // namespace

OP(aclnnIndex, (Tensor, self), (TensorList, indices), (Out, out)) {
  if (out.is_meta() && has_mask(indices)) return;
  at::index_out(out, self, optional_indices(indices));
}

OP(aclnnIndexPutImpl, (InOut, self), (TensorList, indices), (Tensor, values), (bool, accumulate), (bool, is_unsafe)) {
  if (self.is_meta() && has_mask(indices)) return;
  at::index_put_(self, optional_indices(indices), values, accumulate);
}

OP(aclnnIndexSelect, (Tensor, self), (std::int64_t, dim), (Tensor, index), (Out, out)) {
  put(out, at::index_select(self, dim, index));
}
OP(aclnnGather, (Tensor, self), (std::int64_t, dim), (Tensor, index), (Out, out)) {
  at::gather_out(out, self, dim, index);
}

OP(aclnnEmbedding, (Tensor, weight), (Tensor, indices), (Out, out)) { put(out, at::embedding(weight, indices)); }
OP(aclnnEmbeddingDenseBackward, (Tensor, gradient), (Tensor, indices), (std::uint64_t, rows),
   (std::uint64_t, padding_index), (bool, scale_by_frequency), (Out, out)) {
  put(out, at::embedding_dense_backward(gradient, indices, static_cast<std::int64_t>(rows),
                                        static_cast<std::int64_t>(padding_index), scale_by_frequency));
}

OP(aclnnMaskedSelect, (Tensor, self), (Tensor, mask), (SizedOut, out)) {
  if (self.is_meta()) return;
  out.write(at::masked_select(self, mask));
}
OP(aclnnNonzero, (Tensor, self), (SizedOut, out)) {
  if (self.is_meta()) return;
  out.write(at::nonzero(self));
}
// One row a dimension.
OP(aclnnNonzeroV2, (Tensor, self), (SizedOut, out)) {
  if (self.is_meta()) return;
  out.write(at::nonzero(self).t());
}

}  // namespace cannsim
