// One function over lists of tensors. Where an aclnnForeach* is absent, torch_npu loops over single ops; this
// file has only those without which it fails.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace softcann {
namespace {

void check_same_length(const Tensors& first, const Tensors& second) {
  TORCH_CHECK(first.size() == second.size(), "the lists have ", first.size(), " and ", second.size(),
              " tensors");
}

template <typename Function>
void for_each(Tensors& out, Function result_of) {
  for (std::size_t i = 0; i < out.size(); ++i) put(out[i], result_of(i));
}

}  // namespace

#define FOREACH_SCALAR(SYMBOL, FUNCTION)                                         \
  OP(SYMBOL, (TensorList, self), (Scalar, scalar), (OutList, out)) {             \
    check_same_length(self, out);                                                \
    if (planned()) return;                                                       \
    for_each(out, [&](std::size_t i) { return at::FUNCTION(self[i], scalar); }); \
  }

FOREACH_SCALAR(aclnnForeachAddScalarV2, add)
FOREACH_SCALAR(aclnnForeachSubScalarV2, sub)
FOREACH_SCALAR(aclnnForeachMulScalarV2, mul)
FOREACH_SCALAR(aclnnForeachDivScalarV2, div)
FOREACH_SCALAR(aclnnForeachMaximumScalarV2, clamp_min)
FOREACH_SCALAR(aclnnForeachNorm, linalg_vector_norm)

OP(aclnnForeachAddListV2, (TensorList, self), (TensorList, other), (Scalar, alpha), (OutList, out)) {
  check_same_length(self, out);
  check_same_length(other, out);
  if (planned()) return;
  for_each(out, [&](std::size_t i) { return at::add(self[i], other.at(i), alpha); });
}
OP(aclnnForeachSubListV2, (TensorList, self), (TensorList, other), (Scalar, alpha), (OutList, out)) {
  check_same_length(self, out);
  check_same_length(other, out);
  if (planned()) return;
  for_each(out, [&](std::size_t i) { return at::sub(self[i], other.at(i), alpha); });
}
OP(aclnnForeachLerpScalar, (TensorList, self), (TensorList, end), (Scalar, weight), (OutList, out)) {
  check_same_length(self, out);
  check_same_length(end, out);
  if (planned()) return;
  for_each(out, [&](std::size_t i) { return at::lerp(self[i], end.at(i), weight); });
}
OP(aclnnForeachAddcmulScalarV2, (TensorList, self), (TensorList, first), (TensorList, second),
   (Scalar, value), (OutList, out)) {
  check_same_length(self, out);
  check_same_length(first, out);
  check_same_length(second, out);
  if (planned()) return;
  for_each(out, [&](std::size_t i) { return at::addcmul(self[i], first.at(i), second.at(i), value); });
}
OP(aclnnForeachAddcdivScalarV2, (TensorList, self), (TensorList, first), (TensorList, second),
   (Scalar, value), (OutList, out)) {
  check_same_length(self, out);
  check_same_length(first, out);
  check_same_length(second, out);
  if (planned()) return;
  for_each(out, [&](std::size_t i) { return at::addcdiv(self[i], first.at(i), second.at(i), value); });
}

}  // namespace softcann
