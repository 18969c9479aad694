// Random numbers. torch_npu holds the state: each call passes the seed and the offset of its generator, so
// that the same seed gives the same numbers. They differ from the chip's numbers and from the CPU's.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "opapi/op.h"

namespace softcann {
namespace {

// SplitMix64's finaliser: every bit of the result depends on every bit of `value`.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

// ATen's generator is a Mersenne Twister with a seed of 32 bits.
at::Generator generator(std::uint64_t seed, std::uint64_t offset) {
  return at::detail::createCPUGenerator(mix(mix(seed) + offset) >> 32);
}

Tensor bits_of_a_byte(const Tensor& like) {
  return at::arange(8, like.options().dtype(at::kByte)).exp2().to(at::kByte);
}

}  // namespace

OP(aclnnInplaceNormal, (InOut, self), (float, mean), (float, std), (std::int64_t, seed),
   (std::int64_t, offset)) {
  if (planned()) return;
  self.normal_(mean, std, generator(seed, offset));
}
OP(aclnnInplaceUniform, (InOut, self), (double, from), (double, to), (std::uint64_t, seed),
   (std::uint64_t, offset)) {
  if (planned()) return;
  self.uniform_(from, to, generator(seed, offset));
}
OP(aclnnInplaceRandom, (InOut, self), (std::int64_t, from), (std::int64_t, to), (std::int64_t, seed),
   (std::int64_t, offset)) {
  if (planned()) return;
  self.random_(from, to, generator(seed, offset));
}
OP(aclnnInplaceBernoulli, (InOut, self), (Scalar, probability), (std::int64_t, seed),
   (std::int64_t, offset)) {
  if (planned()) return;
  self.bernoulli_(probability.toDouble(), generator(seed, offset));
}
OP(aclnnInplaceBernoulliTensor, (InOut, self), (Tensor, probability), (std::int64_t, seed),
   (std::int64_t, offset)) {
  if (planned(self, broadcast(self, probability))) return;
  self.bernoulli_(probability, generator(seed, offset));
}
OP(aclnnRandperm, (std::int64_t, count), (std::uint64_t, seed), (std::uint64_t, offset), (Out, out)) {
  if (planned(out, {count})) return;
  put(out, at::randperm(count, generator(seed, offset), out.options().dtype(at::kLong)));
}

// Dropout's mask has one bit for each element, the lowest bit first; 1 keeps the element. Its length in bytes
// is a multiple of 16.
OP(aclnnDropoutGenMaskV2, (IntArray, shape), (double, probability), (std::int64_t, seed),
   (std::int64_t, offset), (at::ScalarType, type), (Out, mask)) {
  TORCH_CHECK(mask.numel() * 8 >= c10::multiply_integers(shape), "the mask of ", mask.numel(),
              " bytes is too short");
  if (planned()) return;
  const auto kept =
      at::empty({mask.numel(), 8}, mask.options()).bernoulli_(1 - probability, generator(seed, offset));
  put(mask, (kept * bits_of_a_byte(mask)).sum(1, false, at::kByte).view(mask.sizes()));
}
OP(aclnnDropoutDoMask, (Tensor, self), (Tensor, mask), (double, probability), (Out, out)) {
  TORCH_CHECK(mask.numel() * 8 >= self.numel(), "the mask of ", mask.numel(), " bytes is too short");
  if (planned(out, self.sizes())) return;
  const auto bits = mask.reshape({-1, 1}).bitwise_and(bits_of_a_byte(mask)).ne(0).flatten();
  const auto kept = bits.narrow(0, 0, self.numel()).view(self.sizes());
  put(out, probability < 1 ? at::where(kept, self / (1 - probability), 0) : at::zeros_like(self));
}

}  // namespace softcann
