// Reductions, cumulative sums and sorting.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace softcann {
namespace {

// In CANN, an empty list of dimensions means all dimensions.
at::OptionalIntArrayRef dims_or_all(at::IntArrayRef dims) {
  return dims.empty() ? at::OptionalIntArrayRef() : at::OptionalIntArrayRef(dims);
}

}  // namespace

OP(aclnnMean, (Tensor, self), (IntArray, dims), (bool, keepdim), (at::ScalarType, type), (Out, out)) {
  if (planned(out, reduced(self, dims, keepdim))) return;
  at::mean_out(out, self, dims_or_all(dims), keepdim, type);
}
OP(aclnnReduceSum, (Tensor, self), (IntArray, dims), (bool, keepdim), (at::ScalarType, type), (Out, out)) {
  if (planned(out, reduced(self, dims, keepdim))) return;
  at::sum_out(out, self, dims_or_all(dims), keepdim, type);
}

OP(aclnnAll, (Tensor, self), (IntArray, dims), (bool, keepdim), (Out, out)) {
  if (planned(out, reduced(self, dims, keepdim))) return;
  at::all_out(out, self, dims_or_all(dims), keepdim);
}
OP(aclnnAny, (Tensor, self), (IntArray, dims), (bool, keepdim), (Out, out)) {
  if (planned(out, reduced(self, dims, keepdim))) return;
  at::any_out(out, self, dims_or_all(dims), keepdim);
}

OP(aclnnMax, (Tensor, self), (Out, out)) {
  if (planned(out, {})) return;
  put(out, at::max(self));
}
OP(aclnnMin, (Tensor, self), (Out, out)) {
  if (planned(out, {})) return;
  put(out, at::min(self));
}
OP(aclnnAmax, (Tensor, self), (IntArray, dims), (bool, keepdim), (Out, out)) {
  if (planned(out, reduced(self, dims, keepdim))) return;
  at::amax_out(out, self, dims, keepdim);
}
OP(aclnnAmin, (Tensor, self), (IntArray, dims), (bool, keepdim), (Out, out)) {
  if (planned(out, reduced(self, dims, keepdim))) return;
  at::amin_out(out, self, dims, keepdim);
}

OP(aclnnMaxDim, (Tensor, self), (std::int64_t, dim), (bool, keepdim), (Out, out), (Out, indices)) {
  if (planned(out, reduced(self, {dim}, keepdim))) return;
  const auto [values, positions] = at::max(self, dim, keepdim);
  put(out, values);
  put(indices, positions);
}
OP(aclnnMinDim, (Tensor, self), (std::int64_t, dim), (bool, keepdim), (Out, out), (Out, indices)) {
  if (planned(out, reduced(self, {dim}, keepdim))) return;
  const auto [values, positions] = at::min(self, dim, keepdim);
  put(out, values);
  put(indices, positions);
}

OP(aclnnArgMax, (Tensor, self), (std::int64_t, dim), (bool, keepdim), (Out, out)) {
  if (planned(out, reduced(self, {dim}, keepdim))) return;
  put(out, at::argmax(self, dim, keepdim));
}
OP(aclnnArgMin, (Tensor, self), (std::int64_t, dim), (bool, keepdim), (Out, out)) {
  if (planned(out, reduced(self, {dim}, keepdim))) return;
  put(out, at::argmin(self, dim, keepdim));
}

OP(aclnnLinalgVectorNorm, (Tensor, self), (Scalar, order), (IntArray, dims), (bool, keepdim),
   (at::ScalarType, type), (Out, out)) {
  if (planned(out, reduced(self, dims, keepdim))) return;
  at::linalg_vector_norm_out(out, self, order, dims_or_all(dims), keepdim, type);
}

OP(aclnnStd, (Tensor, self), (IntArray, dims), (std::int64_t, correction), (bool, keepdim), (Out, out)) {
  if (planned(out, reduced(self, dims, keepdim))) return;
  put(out, at::std(self, dims_or_all(dims), Scalar(correction), keepdim));
}
OP(aclnnVarCorrection, (Tensor, self), (IntArray, dims), (std::int64_t, correction), (bool, keepdim),
   (Out, out)) {
  if (planned(out, reduced(self, dims, keepdim))) return;
  put(out, at::var(self, dims_or_all(dims), Scalar(correction), keepdim));
}
OP(aclnnVarMean, (Tensor, self), (IntArray, dims), (std::int64_t, correction), (bool, keepdim), (Out, var),
   (Out, mean)) {
  if (planned(var, reduced(self, dims, keepdim))) return;
  const auto [its_var, its_mean] = at::var_mean(self, dims_or_all(dims), Scalar(correction), keepdim);
  put(var, its_var);
  put(mean, its_mean);
}

OP(aclnnCumsum, (Tensor, self), (std::int64_t, dim), (at::ScalarType, type), (Out, out)) {
  if (planned(out, self.sizes())) return;
  put(out, at::cumsum(self, dim, type));
}

OP(aclnnSort, (Tensor, self), (bool, stable), (std::int64_t, dim), (bool, descending), (Out, out),
   (Out, indices)) {
  if (planned(out, self.sizes())) return;
  const auto [values, positions] = at::sort(self, stable, dim, descending);
  put(out, values);
  put(indices, positions);
}
OP(aclnnTopk, (Tensor, self), (std::int64_t, k), (std::int64_t, dim), (bool, largest), (bool, sorted),
   (Out, out), (Out, indices)) {
  if (planned(out, with_size(self, dim, k))) return;
  const auto [values, positions] = at::topk(self, k, dim, largest, sorted);
  put(out, values);
  put(indices, positions);
}

}  // namespace softcann
