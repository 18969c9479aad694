// Reads and writes by index.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace softcann {
namespace {

at::List<std::optional<Tensor>> optional_indices(const Tensors& indices) {
  at::List<std::optional<Tensor>> result;
  for (const auto& index : indices) {
    const bool all = !index.defined() || index.numel() == 0;
    result.push_back(all ? std::nullopt : OptionalTensor(index));
  }
  return result;
}

}  // namespace

OP(aclnnIndex, (Tensor, self), (TensorList, indices), (Out, out)) {
  if (planned()) return;  // the shape depends on the values of a mask
  put(out, at::index(self, optional_indices(indices)));
}

OP(aclnnIndexPutImpl, (InOut, self), (TensorList, indices), (Tensor, values), (bool, accumulate),
   (bool, is_unsafe)) {
  if (planned()) return;
  at::index_put_(self, optional_indices(indices), values, accumulate);
}

OP(aclnnIndexSelect, (Tensor, self), (std::int64_t, dim), (Tensor, index), (Out, out)) {
  if (planned(out, with_size(self, dim, index.numel()))) return;
  put(out, at::index_select(self, dim, index));
}
OP(aclnnGather, (Tensor, self), (std::int64_t, dim), (Tensor, index), (Out, out)) {
  if (planned(out, index.sizes())) return;
  at::gather_out(out, self, dim, index);
}

OP(aclnnEmbedding, (Tensor, weight), (Tensor, indices), (Out, out)) {
  auto shape = indices.sizes().vec();
  shape.push_back(weight.size(-1));
  if (planned(out, shape)) return;
  put(out, at::embedding(weight, indices));
}
OP(aclnnEmbeddingDenseBackward, (Tensor, gradient), (Tensor, indices), (std::uint64_t, rows),
   (std::uint64_t, padding_index), (bool, scale_by_frequency), (Out, out)) {
  if (planned(out, {static_cast<std::int64_t>(rows), gradient.size(-1)})) return;
  put(out, at::embedding_dense_backward(gradient, indices, static_cast<std::int64_t>(rows),
                                        static_cast<std::int64_t>(padding_index), scale_by_frequency));
}

OP(aclnnMaskedSelect, (Tensor, self), (Tensor, mask), (SizedOut, out)) {
  if (planned()) return;
  out.write(at::masked_select(self, mask));
}
OP(aclnnNonzero, (Tensor, self), (SizedOut, out)) {
  if (planned()) return;
  out.write(at::nonzero(self));
}

// The result has one row for each dimension. Indexing by a mask uses it.
OP(aclnnNonzeroV2, (Tensor, self), (SizedOut, out)) {
  if (planned()) return;
  out.write(at::nonzero(self).t());
}

}  // namespace softcann
